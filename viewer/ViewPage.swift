import FewtapShaders
import Foundation

/// One HTML file in which a browser shows a filter at work, without a network: markup, style, modules and ``ViewData``.
///
/// Text of users and files is in the title, as escaped text, and in the data, where every `<` is written `\u003c`: none of it can
/// become markup or script.
public struct ViewPage: Sendable {
  /// What the page shows.
  public let data: ViewData

  /// The page of `data`.
  public init(_ data: ViewData) { self.data = data }

  /// Modules that scripts import as `fewtap/NAME`.
  private static let modules: [(name: String, text: [UInt8])] = [
    ("chain.js", PackageResources.chain_js), ("kernel.js", PackageResources.kernel_js),
    ("main.js", PackageResources.main_js), ("parameters.js", PackageResources.parameters_js),
    ("picture.js", PackageResources.picture_js), ("sources.js", PackageResources.sources_js),
    ("fewtap-webgl2.js", ShaderHost.webGL2),
  ]

  /// The page's text in UTF-8; the same bytes each time.
  public var bytes: [UInt8] {
    let parts: [(mark: String, text: () -> [UInt8])] = [
      ("<!--fewtap:title-->", { Array(Self.escaped(data.title).utf8) }),
      ("/*fewtap:style*/", { PackageResources.page_css }),
      ("<!--fewtap:modules-->", { Array(Self.importMap.utf8) }),
      ("<!--fewtap:data-->", { Self.script("application/json", id: "fewtap-data", Self.withoutTags(data.json)) }),
      ("<!--fewtap:worker-->", { Self.script("text/plain", id: "fewtap-worker", PackageResources.truth_js) }),
    ]
    // Marks are looked for in the template alone: what is put in may hold any text.
    var rest = PackageResources.page_html[...]
    var page: [UInt8] = []
    while let (range, text) = parts.compactMap({ part in
      rest.firstRange(of: Array(part.mark.utf8)).map { ($0, part.text) }
    }).min(by: { $0.0.lowerBound < $1.0.lowerBound }) {
      page += rest[..<range.lowerBound] + text()
      rest = rest[range.upperBound...]
    }
    return page + rest
  }

  private static var importMap: String {
    let addresses = modules.map { name, text in
      "\"fewtap/\(name)\":\"data:text/javascript;base64,\(Data(text).base64EncodedString())\""
    }
    return "<script type=\"importmap\">{\"imports\":{\(addresses.joined(separator: ","))}}</script>"
  }

  private static func script(_ type: String, id: String, _ text: [UInt8]) -> [UInt8] {
    Array("<script type=\"\(type)\" id=\"\(id)\">".utf8) + text + Array("</script>".utf8)
  }

  /// JSON in which no tag or comment can begin or end: `<` stands in its strings alone, where an escape means the same.
  private static func withoutTags(_ json: String) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(json.utf8.count)
    for byte in json.utf8 {
      if byte == UInt8(ascii: "<") { result += Array("\\u003c".utf8) } else { result.append(byte) }
    }
    return result
  }

  /// Text as HTML has it; what moves a cursor or turns the writing around is left out.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default:
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: break
        default: result.unicodeScalars.append(scalar)
        }
      }
    }
    return result
  }
}
