/// The rates that filters for graphics processors are chosen by where none was measured. No machine's: only which of two filters is
/// cheaper follows from them, and that follows from the ratio of fetches to bytes, which processors differ little in.
enum NominalGPU {
  /// Bilinear fetches of four half floats a second. A GeForce GTX 980 does 144e9 (128 texture units at 1126 MHz, half floats as fast as
  /// bytes: gamersnexus.net, "Texture Fill-Rate"), Apple states 82e9 of its M1.
  static let fetches = 1e11
  /// Bytes from and to memory a second: 224e9 of that GTX 980, 68e9 of that M1.
  static let bytes = 2e11
  /// Seconds from the end of one pass to the work of the next. Assumed.
  static let pass = 5e-6

  /// Milliseconds a megapixel and channel: a fetch, and a byte a pixel, are four channels'.
  static let milliseconds: [CostModel.Part: Double] = [
    .fetch: 1e9 / fetches / 4, .byte: 1e9 / bytes / 4, .pass: 1e3 * pass / (1.920 * 1.080) / 4,
  ]
}
