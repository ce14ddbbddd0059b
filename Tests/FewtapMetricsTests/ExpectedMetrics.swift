/// What NVIDIA's FLIP and scikit-image's SSIM say of pictures by formula.
struct ExpectedMetrics: Sendable {
  let name: FormulaPicture
  let ssim: Double
  /// The mean of the map, summed in Double: the mean that `flip-evaluator` gives is a sum in Float.
  let flip: Double
  /// At ``FormulaPicture/pixels``.
  let flipPixels: [Double]

  init(_ name: FormulaPicture, ssim: Double, flip: Double, flipPixels: [Double]) {
    (self.name, self.ssim, self.flip, self.flipPixels) = (name, ssim, flip, flipPixels)
  }

  // Printed by `Benchmarks/check_metrics.py --print-expected` with flip-evaluator 1.7, scikit-image 0.26.0.
  static let all = [
    ExpectedMetrics(
      .noise, ssim: 0.7212372294117957, flip: 0.135012565,
      flipPixels: [0.1167143, 0.2585399, 0.1646103, 0.2039742, 0.1420568, 0.1151597]),
    ExpectedMetrics(
      .shift, ssim: 0.6770784474794432, flip: 0.203577389,
      flipPixels: [0.1412536, 0.0691827, 0.5541574, 0.4221078, 0.2176646, 0.1456040]),
    ExpectedMetrics(
      .blur, ssim: 0.8107414672815477, flip: 0.095365848,
      flipPixels: [0.0582526, 0.1042122, 0.1246867, 0.1663522, 0.0690574, 0.1314146]),
    ExpectedMetrics(
      .faded, ssim: 0.9473687673657042, flip: 0.360712217,
      flipPixels: [0.3614447, 0.4749271, 0.4059958, 0.4149139, 0.2782668, 0.2279920]),
    ExpectedMetrics(
      .grayNoise, ssim: 0.7704154672338702, flip: 0.079136379,
      flipPixels: [0.1640265, 0.1509691, 0.0652615, 0.1120766, 0.1617206, 0.1480934]),
    ExpectedMetrics(
      .whiteOnBlack, ssim: 9.999000099989999e-05, flip: 0.967388332,
      flipPixels: [0.9673883, 0.9673883, 0.9673883, 0.9673883, 0.9673883, 0.9673883]),
  ]
}
