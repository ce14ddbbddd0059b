import ArgumentParser
import Fewtap
import FewtapReport

/// Who takes part, by its name: whether it may stand for a kernel or for a family is known when that is.
struct ContenderArgument {
  let text: String

  /// Throws unless it may stand for the one or the other.
  init(_ text: String) throws {
    self.text = text
    // Numbers of knots are one for each parameter.
    let varying = (1...ParameterAxis.maximumCount).map { count in
      Result { () throws(VaryingContenderError) in try VaryingContender(text, axisCount: count) }
    }
    guard !varying.contains(where: { (try? $0.get()) != nil }) else { return }
    do {
      _ = try Contender(text)
    } catch ContenderError.unknown {
      if case .failure(let error) = varying[0], case .badValue = error { throw ValidationError("\(error)") }
      throw ValidationError("\(ContenderError.unknown(text)); for a family \(VaryingContender.Name.list)")
    } catch {
      throw ValidationError("\(error)")
    }
  }
}

/// A comparison of filters that differ from pixel to pixel.
extension CompareCommand {
  /// What a command line asks for that has a family in it.
  struct VaryingSubject {
    let family: KernelFamily
    let images: [String]
    let mapName: String
    let map: VaryingComparisonRun.MapMaker
  }

  /// Whether the command line is about a family: of an effect, with a map, or by what KERNEL stands for. A file is a kernel unless
  /// positions say where its kernels were measured.
  var isVarying: Bool {
    if effect != nil || map != nil || familyOptions.given != nil { return true }
    guard let text = kernel?.text, !text.isEmpty else { return false }
    switch FamilyArgument(argument: text).existing {
    case .aperture: return true
    case .stack: return false
    // Words count before folders for kernels.
    case .folder: return (try? KernelCatalog.entry(named: text)) == nil
    case .words, nil: return text.contains("...") && !text.hasPrefix("glyph:")
    }
  }

  /// Options that are for one kernel.
  private var kernelOption: String? {
    [
      ("--effort", effort != nil), ("--size", kernelOptions.size != nil),
      ("--center", kernelOptions.center != nil && effect != nil),
      ("--keep-sum", kernelOptions.keepSum && effect != nil),
    ].first(where: \.1)?.0
  }

  /// Throws: a usage ``Failure`` for a family or a map that there is none of, or no image.
  private func varyingSubject() throws -> VaryingSubject {
    if let flag = kernelOption { throw Failure("\(flag): it is for one kernel, not for a family", .usage) }
    let family: KernelFamily
    var paths = images
    if let effect {
      if let flag = familyOptions.given {
        throw Failure("\(flag): it is for measured kernels; --effect has a family of its own", .usage)
      }
      family = try KernelFamily(effect.family)
      if let kernel { paths.insert(kernel.text, at: 0) }
    } else {
      guard let kernel else { throw Failure("FAMILY is missing: give a kernel with a range, or --effect", .usage) }
      family = try familyOptions.family(
        FamilyArgument(argument: kernel.text), center: kernelOptions.center, keepSum: kernelOptions.keepSum)
    }
    guard !paths.isEmpty else {
      throw Failure("give an image: filters that differ from pixel to pixel are measured on one", .usage)
    }
    let name = map ?? (effect?.map ?? (family.axes.count == 1 ? .tilt : .radial)).rawValue
    let axes = family.axes
    if let preset = MapPreset(rawValue: name) {
      return VaryingSubject(family: family, images: paths, mapName: name) { width, height in
        try preset.map(width: width, height: height, axes)
      }
    }
    let reader = MapReader(arguments: try MapArguments.parse(["--map", name, "--stretch"]), axes: axes)
    let (file, threads) = (try reader.map(width: 16, height: 16, threads: 1), threading.threads)
    for warning in file.warnings { report.warn("--map \(name): \(warning)") }
    return VaryingSubject(family: family, images: paths, mapName: name) { width, height in
      try MapReader(arguments: MapArguments.parse(["--map", name, "--stretch"]), axes: axes)
        .map(width: width, height: height, threads: threads).map
    }
  }

  /// Compares, and prints and writes what came out.
  func runVarying(_ folder: ReportFolder?) throws {
    let subject = try varyingSubject()
    let scenes = try subject.images.map(scene)
    var warnings: [String] = []
    if contenders.isEmpty, subject.family.axes.count > 1 {
      warnings = [
        "left out, since its search at every knot takes a quarter of an hour: parallel tempering; ask for it by "
          + "--with tempering"
      ]
    }
    for warning in warnings { report.warn(warning) }
    let comparison = try compare(subject, scenes)
    let table = try CompareVaryingReport(comparison: comparison, machine: Machine(), seed: seed, page: folder?.pagePath)
    if let folder {
      let page = try VaryingComparisonPage(
        comparison, context: context(table.machine, warnings), encodePNG: ReportFolder.png)
      try folder.write(page.html, page.figures, json: ReportOptions.jsonText(table, warnings: warnings))
    }
    try report.print(table, warnings: warnings)
  }

  private func compare(_ subject: VaryingSubject, _ scenes: [ComparisonRun.Scene]) throws -> VaryingComparison {
    var options = VaryingComparisonRun.Options()
    if !contenders.isEmpty {
      do {
        options.contenders = try contenders.map { try VaryingContender($0.text, axisCount: subject.family.axes.count) }
      } catch {
        throw Failure("--with: \(error)", .usage)
      }
    }
    options.timedSize = plane.map { ($0.width, $0.height) }
    (options.rounds, options.seed, options.threads) = (rounds, seed, threading.threads)
    let bar = ProgressBar(enabled: !report.quiet)
    defer { bar.end() }
    do {
      return try Interruption.during { cancellation in
        report.note("comparing varying filters for \(subject.family.name) on up to \(threading.threads) threads")
        return try VaryingComparisonRun(
          subject.family, mapName: subject.mapName, scenes: scenes, options, map: subject.map
        ).run(cancellation: cancellation) { progress in
          bar.show(progress.stage, share: progress.share, progress.contender)
        }
      }
    } catch ApplyError.cancelled {
      throw Failure("interrupted: nothing was compared")
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(subject.family.name, error)
    }
  }
}
