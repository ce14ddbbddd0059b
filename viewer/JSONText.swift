import FewtapCore

// JSON as text: fields keep their order, so that a page is the same bytes each time.

func object(_ fields: [(name: String, text: String)]) -> String {
  "{" + fields.map { "\(quoted($0.name)):\($0.text)" }.joined(separator: ",") + "}"
}

func array(_ items: some Sequence<String>) -> String { "[" + items.joined(separator: ",") + "]" }

/// null where there is none, or none that JSON could hold.
func number(_ value: Double?) -> String {
  guard let value, value.isFinite else { return "null" }
  // A whole number without ".0" is as exact and shorter.
  return value == value.rounded() && abs(value) < 0x1p53 ? "\(Int(value))" : "\(value)"
}

func number(_ value: Int?) -> String { value.map { "\($0)" } ?? "null" }
