import FewtapCore
import FewtapShaders

extension ShaderOptions.Alpha {
  /// What an image's alpha is to a shader.
  public init(of image: Image) {
    self = image.alphaIndex == nil ? .none : image.alphaIsAssociated ? .premultiplied : .straight
  }
}

extension GPUFilter {
  /// Filters an image of any number of channels, four at a time: three colors with alpha, or four where there is none.
  ///
  /// ``times`` are then the sums over all of them.
  /// Accuracy: with fetches and floats as ``ReferenceApply`` and ``ReferenceVarying`` of FewtapEngine have it, 1e-5 for images up to 1;
  ///           held by FewtapGPUTests. The texture unit of many devices rounds places between texels to 1/256.
  /// Throws: ``GPUError``.
  public func apply(to image: Image) throws(GPUError) -> Image {
    guard image.width == width, image.height == height else {
      throw .image("the image is \(image.width)x\(image.height), not \(width)x\(height) as the filter was made for")
    }
    guard program.options.alpha == ShaderOptions.Alpha(of: image) else {
      throw .image(
        "the image's alpha is \(ShaderOptions.Alpha(of: image).rawValue), not \(program.options.alpha.rawValue) as the "
          + "filter was made for")
    }
    let colors = image.planes.indices.filter { $0 != image.alphaIndex }
    let size = image.alphaIndex == nil ? 4 : 3
    var (result, sums) = (image.planes, [PassTime]())
    // An image of nothing but alpha has no colors, and is filtered all the same.
    for start in stride(from: 0, to: max(colors.count, 1), by: size) {
      let group = Array(colors[min(start, colors.count)..<min(start + size, colors.count)])
      let texels = try run(Self.texels(image, colors: group))
      for (part, channel) in group.enumerated() { Self.read(texels, part, into: &result[channel]) }
      if start == 0, let alpha = image.alphaIndex { Self.read(texels, 3, into: &result[alpha]) }
      sums = Self.sum(sums, times)
    }
    times = sums
    return Image(sameSizePlanes: result, alphaIndex: image.alphaIndex, alphaIsAssociated: image.alphaIsAssociated)
  }

  /// Gives a basis the parameters of a map of the image's size.
  ///
  /// Throws: ``GPUError``.
  public func setParameters(_ map: ParameterMap) throws(GPUError) {
    guard map.width == width, map.height == height, map.axisCount <= 4 else {
      throw .image(
        "a map of \(map.axisCount) parameters over \(map.width)x\(map.height) pixels does not fit \(width)x\(height)")
    }
    var texels = [Float](repeating: 0, count: 4 * width * height)
    for axis in 0..<map.axisCount { Self.write(map.plane(axis: axis), axis, into: &texels) }
    try setParameters(texels)
  }

  private static func texels(_ image: Image, colors: [Int]) -> [Float] {
    var texels = [Float](repeating: 0, count: 4 * image.width * image.height)
    for (part, channel) in colors.enumerated() { write(image.planes[channel], part, into: &texels) }
    if let alpha = image.alphaIndex { write(image.planes[alpha], 3, into: &texels) }
    return texels
  }

  private static func write(_ plane: Plane<Float>, _ part: Int, into texels: inout [Float]) {
    texels.withUnsafeMutableBufferPointer { texels in
      plane.values.withUnsafeBufferPointer { values in
        for index in values.indices { texels[4 * index + part] = values[index] }
      }
    }
  }

  private static func read(_ texels: [Float], _ part: Int, into plane: inout Plane<Float>) {
    plane.values.withUnsafeMutableBufferPointer { values in
      texels.withUnsafeBufferPointer { texels in
        for index in values.indices { values[index] = texels[4 * index + part] }
      }
    }
  }

  /// Times added pass by pass; a pass that ran once only keeps its time.
  private static func sum(_ sums: [PassTime], _ times: [PassTime]) -> [PassTime] {
    guard !sums.isEmpty else { return times }
    let later = Dictionary(times.map { ($0.pass, $0) }) { first, _ in first }
    return sums.map { sum in
      guard let time = later[sum.pass] else { return sum }
      return PassTime(
        pass: sum.pass, milliseconds: sum.milliseconds + time.milliseconds,
        clock: sum.clock == time.clock ? sum.clock : .host)
    }
  }
}
