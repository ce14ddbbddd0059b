import Foundation

#if canImport(FoundationXML)
import FoundationXML
#endif

/// What an XML parser finds in a text.
final class WellFormed: NSObject, XMLParserDelegate {
  /// Why it is no XML; nil if it is.
  private(set) var problem: String?
  /// Names of all elements, in order.
  private(set) var elements: [String] = []
  /// Values of attributes, with their names.
  private(set) var attributes: [(name: String, value: String)] = []
  /// All characters between tags.
  private(set) var text = ""

  init(_ xml: String) {
    super.init()
    let parser = XMLParser(data: Data(xml.utf8))
    parser.delegate = self
    if !parser.parse() {
      problem = "line \(parser.lineNumber): \(parser.parserError.map { "\($0)" } ?? "unknown error")"
    }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    elements.append(name)
    self.attributes += attributes.map { ($0.key, $0.value) }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
}
