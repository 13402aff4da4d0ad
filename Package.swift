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

/// One folder under `Sources/` for each transport.
func transport(_ name: String, needs: [Target.Dependency] = []) -> Target {
    .target(name: "Transport\(name)", dependencies: ["MQCore"] + needs, swiftSettings: settings)
}

let transports: [Target.Dependency] = [
    "TransportMemory", "TransportPOSIXMQ", "TransportSysV", "TransportZMQ", "TransportNSQ", "TransportSQS",
]

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
            dependencies: ["MQBench", "MQCore", "MQNet", .product(name: "ArgumentParser", package: "swift-argument-parser")] + transports,
            swiftSettings: settings),
        .target(name: "MQCore", swiftSettings: settings),
        .target(name: "MQBench", dependencies: ["MQCore"], swiftSettings: settings),
        .target(name: "ZMTP", dependencies: ["MQCore"], swiftSettings: settings),
        .target(name: "CPOSIXMQ"),
        .target(name: "CSysV"),
        .target(name: "CLibrary"),
        .target(name: "CZMQ", dependencies: ["CLibrary"]),
        .target(name: "CCurl", dependencies: ["CLibrary"]),
        .target(name: "CTLS", dependencies: ["CLibrary"]),
        .target(name: "CCrypto", dependencies: ["CLibrary"]),
        .target(name: "CCompression", dependencies: ["CLibrary"]),
        transport("Memory"),
        transport("POSIXMQ", needs: ["CPOSIXMQ"]),
        transport("SysV", needs: ["CSysV"]),
        transport("ZMQ", needs: ["CZMQ"]),
        transport("NSQ", needs: ["MQNet"]),
        transport("SQS", needs: ["MQNet", "CCrypto"]),
        .target(name: "MQNet", dependencies: ["MQCore", "CCurl", "CTLS", "CCompression"], swiftSettings: settings),
        .target(name: "MQStandIns", dependencies: ["MQCore"], swiftSettings: settings),
        .target(name: "MQTesting", dependencies: ["MQCore", "MQStandIns"], swiftSettings: settings),
        .executableTarget(name: "mq-standin", dependencies: ["MQStandIns"], swiftSettings: settings),
        .testTarget(name: "MQCoreTests", dependencies: ["MQCore", "MQStandIns", "MQTesting"], swiftSettings: settings),
        .testTarget(
            name: "MQBenchTests", dependencies: ["MQBench", "MQCore", "MQStandIns", "MQTesting", "TransportMemory"], swiftSettings: settings
        ),
        .testTarget(
            name: "MQCommandsTests", dependencies: ["MQCommands", "MQCore", "MQStandIns", "MQTesting", "TransportMemory"],
            swiftSettings: settings),
        .testTarget(name: "TransportTests", dependencies: ["MQNet", "MQStandIns", "MQTesting"] + transports, swiftSettings: settings),
        .testTarget(name: "ZMTPTests", dependencies: ["ZMTP", "MQCore", "MQTesting", "MQStandIns"], swiftSettings: settings),
        .testTarget(name: "MQNetTests", dependencies: ["MQNet", "MQCore", "MQStandIns", "MQTesting"], swiftSettings: settings),
        .testTarget(name: "ContractTests", dependencies: ["MQStandIns", "MQTesting"], swiftSettings: settings),
    ]
)
