// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that what only benchmarks need never reaches the library's users. It sees the public API alone.
let package = Package(
  name: "fewtap-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "fewtap", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
  ],
  targets: [
    .executableTarget(
      name: "fewtap-bench",
      dependencies: [
        .product(name: "Fewtap", package: "fewtap"),
        .product(name: "FewtapImageIO", package: "fewtap"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: [.treatAllWarnings(as: .error)])
  ],
  swiftLanguageModes: [.v6]
)
