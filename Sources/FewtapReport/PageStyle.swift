import FewtapCore

/// Colors and form of a page and of its charts. Nothing is fetched: fonts are the system's.
package enum PageStyle {
  /// Colors by name, for light and dark. Blue and orange differ for color-blind people too; their contrast with paper is 4.5 or more.
  private static let colors: [(name: String, light: String, dark: String)] = [
    ("paper", "#fffefb", "#16181b"), ("ink", "#1c1b19", "#e6e3dc"), ("soft", "#5c5953", "#a6a196"),
    ("faint", "#e3dfd6", "#33363b"), ("wash", "#f5f2ea", "#1f2226"), ("ours", "#0b5a9c", "#6db3f2"),
    ("rival", "#a8490f", "#f0995a"), ("exact", "#5c5953", "#a6a196"),
  ]

  private static func variables(_ color: KeyPath<(name: String, light: String, dark: String), String>) -> String {
    ":root{" + colors.map { "--\($0.name):\($0[keyPath: color]);" }.joined() + "}"
  }

  /// Rules for what ``Plot`` draws.
  private static let plot = """
    .plot text{font-family:ui-sans-serif,system-ui,"Helvetica Neue",Arial,sans-serif;font-size:12.5px;fill:var(--ink)}
    .plot .tick{font-size:11.5px;fill:var(--soft)}
    .plot .grid{stroke:var(--faint);stroke-width:1;fill:none}
    .plot .axis{stroke:var(--soft);stroke-width:1;fill:none}
    .plot .leader{stroke:var(--soft);stroke-width:.7;fill:none}
    .plot .ours{fill:var(--ours)}
    .plot .rival{fill:var(--rival)}
    .plot .exact{fill:var(--exact)}
    .plot .positive{fill:var(--rival);fill-opacity:.75}
    .plot .negative{stroke:var(--ours)}
    .plot .line{fill:none;stroke-width:1.6}
    .plot .line.ours{stroke:var(--ours)}
    .plot .line.rival{stroke:var(--rival)}
    .plot .line.exact{stroke:var(--exact)}
    .plot .dashed{stroke-dasharray:5 4}
    .plot .label{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
    """

  private static let page = """
    :root{color-scheme:light dark}
    html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
    body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.55 Charter,"Bitstream Charter","Iowan Old Style",\
    "Palatino Linotype",Palatino,Georgia,serif}
    main{padding:2.5rem 16px 4rem}
    main>*{max-width:38rem;margin-left:auto;margin-right:auto}
    main>figure{max-width:1072px}
    main>.wide{max-width:1300px}
    h1{font-size:2rem;line-height:1.2;margin-top:0;margin-bottom:.6rem;font-weight:600;overflow-wrap:anywhere}
    h2{font-size:1.25rem;margin-top:3rem;margin-bottom:.6rem;font-weight:600}
    p,li{overflow-wrap:break-word}
    .finding{font-size:1.12rem;line-height:1.5}
    .by{color:var(--soft);font-size:.9rem}
    figure{margin:1.6rem auto}
    figcaption{max-width:38rem;margin:.7rem auto 0;font-size:.88rem;line-height:1.45;color:var(--soft)}
    figcaption b{color:var(--ink)}
    img{image-rendering:pixelated;display:block;max-width:100%;height:auto;box-shadow:0 0 0 1px var(--faint)}
    .plot{display:block;margin:0 auto}
    .scroll{overflow-x:auto;max-width:100%}
    .target{display:flex;flex-wrap:wrap;gap:1rem 1.5rem;align-items:center;justify-content:center}
    .target dl{display:grid;grid-template-columns:auto 1fr;gap:.1rem .9rem;margin:0;font-size:.92rem}
    .target dt{color:var(--soft)}
    .target dd{margin:0;overflow-wrap:anywhere}
    .gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(var(--cell),46%),var(--cell)));gap:18px 10px;justify-content:center}
    .cell{min-width:0}
    .cell img{margin:0 0 3px}
    .cell p{margin:.2rem 0 0;font:12.5px/1.35 ui-sans-serif,system-ui,"Helvetica Neue",Arial,sans-serif;color:var(--soft)}
    .cell p b{color:var(--ink);font-weight:600}
    .bar{margin:1rem auto 0}
    .sets{display:flex;flex-wrap:wrap;gap:1.2rem 1.6rem;justify-content:center}
    .taps{max-width:100%}
    .taps h3{font:600 13px/1.3 ui-sans-serif,system-ui,"Helvetica Neue",Arial,sans-serif;margin:0 0 .3rem;width:0;min-width:100%}
    .taps div{display:flex;flex-wrap:wrap;gap:4px}
    .taps .plot{margin:0}
    table{border-collapse:collapse;font:12.5px/1.4 ui-sans-serif,system-ui,"Helvetica Neue",Arial,sans-serif;\
    font-variant-numeric:tabular-nums;margin:0 auto}
    main .scroll{max-height:85vh;overflow:auto}
    th,td{padding:.28rem .45rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--faint)}
    thead th{position:sticky;top:0;background:var(--paper);border-bottom:1.5px solid var(--ink);z-index:1}
    thead th:first-child{z-index:2}
    th:first-child{text-align:left;position:sticky;left:0;background:var(--paper)}
    tbody th{font-weight:400}
    tr.ours th{color:var(--ours);font-weight:600}
    thead th{font-weight:600;white-space:normal;vertical-align:bottom}
    pre{background:var(--wash);padding:.8rem 1rem;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,Menlo,Consolas,monospace}
    .refusals{font-size:.95rem}
    @media (max-width:480px){body{font-size:16px}h1{font-size:1.55rem}main{padding-top:1.4rem}.taps{width:100%}.taps .plot{width:calc(50% - 2px);height:auto}.gallery{grid-template-columns:repeat(2,minmax(0,var(--cell)))}\
    th:first-child{white-space:normal;min-width:6.5rem}}
    @media print{body{font-size:10.5pt;background:#fff}main{padding:0}\
    .gallery{grid-template-columns:repeat(6,1fr);gap:10px 6px}.cell p{font-size:7pt}.sets{gap:.5rem 1rem}.taps .plot{width:152px;height:auto}\
    figure,.cell,.taps,tr,pre,.wide{break-inside:avoid}\
    h2,h3{break-after:avoid}main .scroll{max-height:none;overflow:visible}table{font-size:6.6pt}th,td{padding:.15rem .25rem}\
    th,thead th,th:first-child{position:static;background:none}pre{white-space:pre-wrap;overflow-wrap:anywhere}\
    .plot{max-width:100%;height:auto}img{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
    @page{margin:16mm 14mm}
    """

  /// The style of a page: light or dark as the reader's system is, light on paper.
  static var css: String {
    """
    \(variables(\.light))
    @media screen and (prefers-color-scheme:dark){\(variables(\.dark))}
    \(plot)
    \(page)
    """
  }

  /// A page of parts, which are markup: HTML that is XML at the same time.
  static func document(title: String, _ parts: [String]) -> String {
    """
    <!DOCTYPE html>
    <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <title>\(markup(title))</title>
    <style>
    \(css)
    </style>
    </head>
    <body>
    <main>
    \(parts.joined(separator: "\n"))
    </main>
    </body>
    </html>

    """
  }

  /// A chart as a file of its own, in light colors on white: programs that set papers know no variables, and what shows it may be dark.
  package static func standalone(_ svg: String) -> String {
    let style = colors.reduce(plot) { text, color in
      text.replacing("var(--\(color.name))", with: color.name == "paper" ? "#ffffff" : color.light)
    }
    guard let end = svg.firstIndex(of: ">") else { return svg }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + svg[...end] + "<style>\n\(style)\n</style>"
      + "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>" + svg[svg.index(after: end)...] + "\n"
  }
}
