import FewtapCore
import FewtapImageIO
import TestSupport
import Testing

@Suite struct GlyphMaskTests {
  @Test func inkTouchesEverySideAndIsCoverage() throws {
    let mask = try GlyphMask.render(text: "&", pixelHeight: 200)
    #expect(mask.values.allSatisfy { (0...1).contains($0) })
    #expect(mask.values.contains(1))
    #expect((0..<mask.width).contains { mask[$0, 0] > 0 })
    #expect((0..<mask.width).contains { mask[$0, mask.height - 1] > 0 })
    #expect((0..<mask.height).contains { mask[0, $0] > 0 })
    #expect((0..<mask.height).contains { mask[mask.width - 1, $0] > 0 })
    // Capitals and the ampersand of a Latin font are 0.6 to 0.8 em high.
    #expect((110...170).contains(mask.height))
  }

  @Test func aGlyphIsUprightAndNotMirrored() throws {
    // L: ink along the left side and the bottom, none in the upper right.
    let mask = try GlyphMask.render(text: "L", pixelHeight: 100)
    #expect(mask[mask.width - 2, 2] == 0)
    #expect(mask[2, 2] == 1)
    #expect(mask[mask.width - 3, mask.height - 3] == 1)
  }

  @Test func textIsWiderThanItsLetters() throws {
    let letter = try GlyphMask.render(text: "H", font: "DejaVu Sans", pixelHeight: 64)
    let word = try GlyphMask.render(text: "HIH", font: "DejaVuSans-Bold", pixelHeight: 64)
    #expect(word.width > 2 * letter.width)
    #expect(word.height == letter.height)
  }

  @Test(
    arguments: [
      ("", nil, 100, "code points"), ("seventeen letters", nil, 100, "code points"), (" ", nil, 100, "no ink"),
      ("a\n", nil, 100, "no ink"), ("a", nil, 3, "3 pixels high"), ("a", nil, 5000, "5000 pixels high"),
      ("a", "No Such Font", 100, "fonts-dejavu-core"), ("a", "/no/such/font.ttf", 100, "No such file"),
      ("a\u{1F98A}", "DejaVuSans-Bold", 100, "no glyph"),
    ] as [(String, String?, Int, String)])
  func refusesWhatCannotBeDrawn(text: String, font: String?, height: Int, word: String) {
    do throws(GlyphMaskError) {
      _ = try GlyphMask.render(text: text, font: font, pixelHeight: height)
      Issue.record("\(text) was drawn")
    } catch {
      #expect(error.description.contains(word))
    }
  }

  @Test func aFileThatIsNoFontIsRefused() throws {
    try TemporaryFolder.with { folder in
      try AtomicFile.write(Array("no font".utf8), to: folder + "/a.ttf")
      do throws(GlyphMaskError) {
        _ = try GlyphMask.render(text: "a", font: folder + "/a.ttf", pixelHeight: 50)
        Issue.record("a text file served as a font")
      } catch {
        #expect(error.description.contains("a.ttf"))
      }
    }
  }
}
