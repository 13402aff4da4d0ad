// swift-tools-version: 6.2
import PackageDescription

/// Every target compiles in Swift 6 mode; `Lifetimes` lets a batch lend a message as a `RawSpan`.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// One folder under `Sources/` for each transport, and the C shim it may need.
func transport(_ name: String, shim: String? = nil) -> Target {
    .target(
        name: "Transport\(name)",
        dependencies: ["MQCore"] + (shim.map { [.target(name: $0)] } ?? []),
        swiftSettings: settings)
}

let transports: [Target.Dependency] = ["TransportMemory", "TransportPOSIXMQ", "TransportSysV", "TransportZMQ"]

let package = Package(
    name: "mq",
    products: [.executable(name: "mq", targets: ["mq"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .executableTarget(name: "mq", dependencies: ["MQCommands"], swiftSettings: settings),
        .target(
            name: "MQCommands",
            dependencies: ["MQBench", "MQCore", .product(name: "ArgumentParser", package: "swift-argument-parser")] + transports,
            swiftSettings: settings),
        .target(name: "MQCore", swiftSettings: settings),
        .target(name: "MQBench", dependencies: ["MQCore"], swiftSettings: settings),
        .target(name: "CPOSIXMQ"),
        .target(name: "CSysV"),
        .target(name: "CZMQ"),
        transport("Memory"),
        transport("POSIXMQ", shim: "CPOSIXMQ"),
        transport("SysV", shim: "CSysV"),
        transport("ZMQ", shim: "CZMQ"),
        .target(name: "MQTesting", dependencies: ["MQCore"], swiftSettings: settings),
        .testTarget(name: "MQCoreTests", dependencies: ["MQCore", "MQTesting"], swiftSettings: settings),
        .testTarget(name: "MQBenchTests", dependencies: ["MQBench", "MQCore", "MQTesting", "TransportMemory"], swiftSettings: settings),
        .testTarget(name: "MQCommandsTests", dependencies: ["MQCommands", "MQTesting"], swiftSettings: settings),
        .testTarget(name: "TransportTests", dependencies: ["MQTesting"] + transports, swiftSettings: settings),
        .testTarget(name: "ContractTests", dependencies: ["MQTesting"], swiftSettings: settings),
    ]
)
