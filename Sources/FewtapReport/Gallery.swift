import FewtapCore
import Foundation

/// Pictures of contenders side by side, one or more under each name, all of one size: as a part of a page, and as a figure of its own.
struct Gallery: Sendable {
  /// A column of pictures with its name.
  struct Cell: Sendable {
    let name: String
    let note: String
    let pictures: [Picture]
  }

  /// An encoded picture.
  struct Picture: Sendable {
    /// A `data:` address.
    let address: String
    /// What a reader hears who does not see it.
    let alternative: String

    /// Throws: what `encodePNG` throws.
    init(_ image: Image, _ alternative: String, _ encodePNG: (Image) throws -> [UInt8]) throws {
      address = "data:image/png;base64," + Data(try encodePNG(image)).base64EncodedString()
      self.alternative = alternative
    }
  }

  let title: String
  let cells: [Cell]
  /// Size of a picture on the page, CSS pixels.
  let size: (width: Int, height: Int)
  /// ``ColorScale/bar(id:low:high:meaning:)``.
  let bar: String

  /// Columns of a picture that is shown `pixels` wide, so many times as large that it is near a column of a page: whole numbers keep pixels square.
  static func zoom(_ pixels: Int) -> Int { max(1, Int((168 / Double(max(1, pixels))).rounded())) }

  /// As HTML that wraps to the page's width.
  var html: String {
    let cells = cells.map { cell in
      let pictures = cell.pictures.map { picture in
        "<img src=\"\(picture.address)\" alt=\"\(markup(picture.alternative))\" width=\"\(size.width)\" "
          + "height=\"\(size.height)\"/>"
      }.joined(separator: "\n")
      return "<div class=\"cell\">\n\(pictures)\n"
        + "<p><b>\(markup(cell.name))</b><br/>\(markup(cell.note))</p></div>"
    }
    return
      "<div class=\"gallery\" style=\"--cell:\(max(size.width, 150))px\">\n\(cells.joined(separator: "\n"))\n</div>"
      + (bar.isEmpty
        ? "" : "\n<p class=\"bar\">" + Plot.element(width: 340, height: 46, title: "color scale", bar) + "</p>")
  }

  /// As SVG in rows of at most six.
  var svg: String {
    let columns = min(6, max(1, cells.count))
    let rows = (cells.count + columns - 1) / columns
    let pictureCount = cells.map(\.pictures.count).max() ?? 0
    let (cellWidth, cellHeight) = (max(size.width, 176) + 12, pictureCount * (size.height + 4) + 44)
    let body = cells.enumerated().map { index, cell in
      let (left, top) = (index % columns * cellWidth, index / columns * cellHeight)
      let pictures = cell.pictures.enumerated().map { row, picture in
        "<image href=\"\(picture.address)\" x=\"\(left)\" y=\"\(top + row * (size.height + 4))\" "
          + "width=\"\(size.width)\" height=\"\(size.height)\" style=\"image-rendering:pixelated\">"
          + "<title>\(markup(picture.alternative))</title></image>"
      }
      let bottom = top + cell.pictures.count * (size.height + 4)
      return pictures.joined(separator: "\n")
        + "\n<text x=\"\(left)\" y=\"\(bottom + 12)\">\(markup(cell.name))</text>"
        + "<text class=\"tick\" x=\"\(left)\" y=\"\(bottom + 28)\">\(markup(cell.note))</text>"
    }
    let height = rows * cellHeight
    let scale = "<g transform=\"translate(0 \(height + 4))\">\(bar)</g>"
    return Plot.element(
      width: Double(max(columns * cellWidth, 344) + 12), height: Double(height + 74), title: title,
      "<g transform=\"translate(12 12)\">\n\(body.joined(separator: "\n"))\n\(scale)\n</g>")
  }
}
