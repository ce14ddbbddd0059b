import FewtapCore
import FewtapShaders
import Foundation

/// One HTML file in which a browser shows filters at work, without a network: markup, style, modules, ``ViewData`` and a picture.
///
/// Its data are JSON: `{ "format": "fewtap.view", "version": 1, "filters": [...], "image": { "type", "base64" } | null }`.
///
/// Text of users and files is in the title, as escaped text, and in the data, where every `<` is written `\u003c`: none of it can
/// become markup or script.
public struct ViewPage: Sendable {
  /// What the page shows, the first one when it opens.
  public let filters: [ViewData]
  /// The picture to filter; nil: the page brings one of its own.
  public var image: ViewImage?

  /// The page of a filter, and of others that its reader can choose instead.
  public init(_ filter: ViewData, or others: [ViewData] = [], image: ViewImage? = nil) {
    (filters, self.image) = ([filter] + others, image)
  }

  /// Most bytes of a page without its pictures and maps that the project promises.
  public static let promisedByteCount = 3_000_000

  /// Bytes of the page without its pictures and maps.
  public var ownByteCount: Int {
    let bare = filters.map(\.withoutPictures)
    return ViewPage(bare[0], or: Array(bare[1...])).bytes.count
  }

  /// Modules that scripts import as `fewtap/NAME`.
  private static let modules: [(name: String, text: [UInt8])] = [
    ("chain.js", PackageResources.chain_js), ("depth.js", PackageResources.depth_js),
    ("figures.js", PackageResources.figures_js),
    ("gestures.js", PackageResources.gestures_js), ("kernel.js", PackageResources.kernel_js),
    ("main.js", PackageResources.main_js), ("painter-webgl2.js", PackageResources.painter_webgl2_js),
    ("painter-webgpu.js", PackageResources.painter_webgpu_js), ("parameters.js", PackageResources.parameters_js),
    ("picture.js", PackageResources.picture_js), ("sources.js", PackageResources.sources_js),
    ("fewtap-webgl2.js", ShaderHost.webGL2), ("fewtap-webgpu.js", ShaderHost.webGPU),
  ]

  private var json: String {
    object([
      ("format", quoted("fewtap.view")), ("version", "1"), ("filters", array(filters.map(\.json))),
      ("image", image?.json ?? "null"),
    ])
  }

  /// The page's text in UTF-8; the same bytes each time.
  public var bytes: [UInt8] {
    let parts: [(mark: String, text: () -> [UInt8])] = [
      ("<!--fewtap:title-->", { Array(markup(filters[0].title).utf8) }),
      ("/*fewtap:style*/", { PackageResources.page_css }),
      ("<!--fewtap:modules-->", { Array(Self.importMap.utf8) }),
      ("<!--fewtap:data-->", { Self.script("application/json", id: "fewtap-data", Self.withoutTags(json)) }),
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
}
