import Fewtap

/// The kernels that have names, with their parameters, units, defaults, ranges and examples.
struct CatalogReport: Report {
  var json: [(String, JSON)] {
    [
      ("command", .string("kernel")),
      (
        "kernels",
        .array(
          KernelCatalog.entries.map { entry in
            .object([
              ("name", .string(entry.name)), ("summary", .string(entry.summary)), ("example", .string(entry.example)),
              ("parameters", .array(entry.parameters.map(Self.json))),
            ])
          })
      ),
    ]
  }

  var text: String {
    let kernels = KernelCatalog.entries.map { entry in
      "\(entry.name)  \(entry.summary)\n"
        + aligned(
          entry.parameters.map { ($0.key, Self.describe($0)) } + [("example", entry.example)], indent: "    ")
    }
    return kernels.joined(separator: "\n\n") + """


      glyph  a character or short text as a mask
          text     up to 16 characters
          size     sides of the longer side; an odd number in 3...1025 px; default \(GlyphSpecification.defaultSize)
          font     a family's name or a font file's path; default a bold sans-serif
          example  glyph:text=&,size=49

      Any other kernel is a file: PNG, TIFF, EXR, NPY, PFM, FITS, PNM, JPEG.
      """
  }

  private static func describe(_ parameter: KernelParameter) -> String {
    "\(parameter.summary); \(parameter.domain)" + (parameter.standard.map { "; default \($0)" } ?? "")
  }

  private static func json(_ parameter: KernelParameter) -> JSON {
    let standard: JSON =
      switch parameter.standard {
      case .number(let number): .number(number)
      case .points: .string(parameter.standard?.description)
      case nil: .null
      }
    return .object([
      ("key", .string(parameter.key)), ("summary", .string(parameter.summary)),
      ("domain", .string(parameter.domain.description)), ("default", standard),
    ])
  }
}
