// swift-tools-version: 6.2
import PackageDescription

// Data flows one way: target kernel -> fit -> sparse filter -> apply plan -> pixels. The running side (Engine) never
// imports the fitting side (Fit); `Scripts/check-layering` holds these arrows in CI.
let package = Package(
  name: "fewtap",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Fewtap", targets: ["Fewtap"]),
    .library(name: "FewtapImageIO", targets: ["FewtapImageIO"]),
    .library(name: "FewtapShaders", targets: ["FewtapShaders", "FewtapGPU"]),
    .library(name: "FewtapC", type: .dynamic, targets: ["FewtapC"]),
    .library(name: "FewtapReport", targets: ["FewtapReport", "FewtapBaselines", "FewtapMetrics", "FewtapViewer"]),
    .executable(name: "fewtap", targets: ["fewtap-cli"]),
  ],
  traits: [
    .trait(name: "OpenImageIO", description: "Read and write image files (needs the system library OpenImageIO)."),
    .default(enabledTraits: ["OpenImageIO"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    .target(name: "FewtapCore"),
    .target(name: "FewtapTargets", dependencies: ["FewtapCore"]),
    .target(name: "CFewtapMath"),
    .target(
      name: "CFewtapLAPACK",
      linkerSettings: [
        .linkedLibrary("openblas", .when(platforms: [.linux])),
        .linkedFramework("Accelerate", .when(platforms: [.macOS])),
      ]),
    .target(name: "FewtapSynthesis", dependencies: ["FewtapCore", "CFewtapMath"]),
    .target(
      name: "FewtapFit",
      dependencies: ["FewtapCore", "FewtapTargets", "FewtapSynthesis", "CFewtapMath", "CFewtapLAPACK"]),
    .target(name: "CFewtapKernels"),
    .target(name: "FewtapEngine", dependencies: ["FewtapCore", "CFewtapKernels"]),
    .target(
      name: "FewtapShaders", dependencies: ["FewtapCore"],
      resources: ["FewtapFilter.swift", "fewtap-load.js", "fewtap-webgl2.js", "fewtap-webgpu.js"].map {
        .embedInCode("Hosts/\($0)")
      }),
    .target(name: "CFewtapGL"),
    .target(name: "FewtapGPU", dependencies: ["FewtapCore", "FewtapShaders", "CFewtapGL"]),
    .target(
      name: "CFewtapImageIO",
      cxxSettings: [.define("FEWTAP_OPENIMAGEIO", .when(traits: ["OpenImageIO"]))],
      linkerSettings: [
        .linkedLibrary("OpenImageIO", .when(traits: ["OpenImageIO"])),
        .linkedLibrary("OpenImageIO_Util", .when(traits: ["OpenImageIO"])),
      ]),
    .target(
      name: "FewtapBaselines",
      dependencies: ["FewtapCore", "FewtapTargets", "FewtapSynthesis", "FewtapFit", "FewtapEngine", "CFewtapLAPACK"]),
    .target(name: "FewtapMetrics", dependencies: ["FewtapCore"]),
    .target(
      name: "FewtapReport",
      dependencies: [
        "FewtapCore", "FewtapTargets", "FewtapSynthesis", "FewtapFit", "FewtapEngine", "FewtapBaselines",
        "FewtapMetrics",
      ]),
    .target(
      name: "FewtapViewer", dependencies: ["FewtapCore", "FewtapSynthesis", "FewtapShaders"], path: "viewer",
      resources: [
        "page.html", "page.css", "chain.js", "depth.js", "figures.js", "gestures.js", "kernel.js", "main.js",
        "painter-webgl2.js", "painter-webgpu.js", "parameters.js", "picture.js", "sources.js", "truth.js",
      ].map { .embedInCode($0) }),
    .target(name: "FewtapImageIO", dependencies: ["FewtapCore", "CFewtapImageIO"]),
    .target(name: "CFewtap"),
    .target(
      name: "FewtapC",
      dependencies: ["CFewtap", "FewtapCore", "FewtapTargets", "FewtapSynthesis", "FewtapFit", "FewtapEngine"]),
    .target(
      name: "Fewtap", dependencies: ["FewtapCore", "FewtapTargets", "FewtapSynthesis", "FewtapFit", "FewtapEngine"]),
    .executableTarget(
      name: "fewtap-cli",
      dependencies: [
        "Fewtap", "FewtapBaselines", "FewtapReport", "FewtapImageIO", "FewtapMetrics", "FewtapShaders", "FewtapGPU",
        "FewtapViewer", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .target(name: "TestSupport", dependencies: ["FewtapCore"], path: "Tests/TestSupport"),
    .testTarget(name: "FewtapCoreTests", dependencies: ["FewtapCore", "TestSupport"]),
    .testTarget(name: "FewtapTargetsTests", dependencies: ["FewtapCore", "FewtapTargets", "TestSupport"]),
    .testTarget(
      name: "FewtapSynthesisTests", dependencies: ["CFewtapMath", "FewtapCore", "FewtapSynthesis", "TestSupport"]),
    .testTarget(
      name: "FewtapFitTests",
      dependencies: ["FewtapCore", "FewtapTargets", "FewtapSynthesis", "FewtapFit", "FewtapEngine", "TestSupport"]),
    .testTarget(
      name: "FewtapEngineTests",
      dependencies: ["CFewtapKernels", "FewtapCore", "FewtapEngine", "FewtapSynthesis", "TestSupport"]),
    .testTarget(
      name: "FewtapBaselinesTests",
      dependencies: [
        "FewtapCore", "FewtapTargets", "FewtapSynthesis", "FewtapFit", "FewtapEngine", "FewtapBaselines", "TestSupport",
      ]),
    .testTarget(name: "FewtapMetricsTests", dependencies: ["FewtapCore", "FewtapMetrics", "TestSupport"]),
    .testTarget(
      name: "FewtapReportTests",
      dependencies: [
        "FewtapCore", "FewtapTargets", "FewtapFit", "FewtapEngine", "FewtapBaselines", "FewtapMetrics", "FewtapReport",
        "TestSupport",
      ]),
    .testTarget(
      name: "FewtapShadersTests",
      dependencies: [
        "FewtapCore", "FewtapTargets", "FewtapFit", "FewtapEngine", "FewtapShaders", "FewtapGPU", "TestSupport",
      ]),
    .testTarget(
      name: "FewtapGPUTests", dependencies: ["FewtapCore", "FewtapEngine", "FewtapShaders", "FewtapGPU", "TestSupport"]),
    .testTarget(
      name: "FewtapViewerTests",
      dependencies: [
        "FewtapCore", "FewtapSynthesis", "FewtapEngine", "FewtapImageIO", "FewtapShaders", "FewtapViewer",
        "TestSupport",
      ]),
    .testTarget(
      name: "FewtapCTests",
      dependencies: [
        "CFewtap", "FewtapC", "FewtapCore", "FewtapTargets", "FewtapFit", "FewtapEngine", "TestSupport",
      ]),
    .testTarget(name: "FewtapImageIOTests", dependencies: ["FewtapCore", "FewtapImageIO", "TestSupport"]),
    .testTarget(
      name: "CommandLineTests", dependencies: ["fewtap-cli", "Fewtap", "FewtapGPU", "FewtapImageIO", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c11,
  cxxLanguageStandard: .cxx17
)

// Warnings are errors, except where this package is fetched by another one (into a folder `checkouts`): there Xcode passes
// -suppress-warnings as well, and the compiler refuses the two together.
if !Context.packageDirectory.contains("/checkouts/") {
  for target in package.targets {
    target.cSettings =
      (target.cSettings ?? []) + [.enableWarning("all"), .enableWarning("extra"), .treatAllWarnings(as: .error)]
    target.cxxSettings =
      (target.cxxSettings ?? []) + [.enableWarning("all"), .enableWarning("extra"), .treatAllWarnings(as: .error)]
    target.swiftSettings = (target.swiftSettings ?? []) + [.treatAllWarnings(as: .error)]
  }
}
