// swift-tools-version: 6.2
import PackageDescription

/// Of every target.
let settings: [SwiftSetting] = [
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0441-formalize-language-mode-terminology.md
    .swiftLanguageMode(.v6),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0480-swiftpm-warning-control.md
    .treatAllWarnings(as: .error),
    // No proposal yet: a batch lends a message as a `RawSpan`.
    .enableExperimentalFeature("Lifetimes"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
    .enableUpcomingFeature("ExistentialAny"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
    .enableUpcomingFeature("InternalImportsByDefault"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Of targets off the path of messages, or on it beside a request over the network: optimized for size, a fifth smaller.
let sizeSettings = settings + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

/// The stand-ins and the runner work as hard as the program under test: they are optimized in debug builds, too.
let kitSettings = sizeSettings + [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// One folder under `Sources/` for each transport.
func transport(_ name: String, needs: [Target.Dependency] = [], settings: [SwiftSetting] = settings) -> Target {
    .target(name: "Transport\(name)", dependencies: ["MQCore"] + needs, swiftSettings: settings)
}

let transports: [Target.Dependency] = [
    "TransportMemory", "TransportPOSIXMQ", "TransportSysV", "TransportZMQ", "TransportNSQ", "TransportSQS",
]

let package = Package(
    name: "mq",
    products: [.executable(name: "mq", targets: ["mq"])],
    targets: [
        .executableTarget(name: "mq", dependencies: ["MQCommands"], swiftSettings: settings),
        .target(
            name: "MQCommands", dependencies: ["CProcess", "MQBench", "MQCore", "MQNet", "MQStandIns"] + transports,
            swiftSettings: settings),
        .target(name: "MQCore", dependencies: ["CBytes", "CProcess"], swiftSettings: settings),
        .target(name: "MQBench", dependencies: ["MQCore"], swiftSettings: settings),
        .target(name: "ZMTP", dependencies: ["MQCore"], swiftSettings: settings),
        .target(name: "CBytes"),
        .target(name: "CProcess"),
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
        transport("ZMQ", needs: ["CZMQ", "ZMTP"]),
        transport("NSQ", needs: ["MQNet"]),
        transport("SQS", needs: ["MQNet"], settings: sizeSettings),
        .target(
            name: "MQNet", dependencies: ["MQCore", "CCompression", "CCrypto", "CCurl", "CTLS"], swiftSettings: sizeSettings),
        .target(name: "MQStandIns", dependencies: ["MQCore"], swiftSettings: kitSettings),
        .target(name: "MQTesting", dependencies: ["MQCore", "MQStandIns"], swiftSettings: kitSettings),
        .executableTarget(
            name: "mq-loops", dependencies: ["MQCore", "TransportMemory", "TransportPOSIXMQ"], swiftSettings: settings),
        .executableTarget(name: "mq-standin", dependencies: ["MQStandIns"], swiftSettings: settings),
        .testTarget(name: "MQCoreTests", dependencies: ["CBytes", "MQCore", "MQStandIns", "MQTesting"], swiftSettings: settings),
        .testTarget(
            name: "MQBenchTests", dependencies: ["MQBench", "MQCore", "MQStandIns", "MQTesting", "TransportMemory"], swiftSettings: settings
        ),
        .testTarget(
            name: "MQCommandsTests", dependencies: ["MQCommands", "MQCore", "MQStandIns", "MQTesting", "TransportMemory"],
            swiftSettings: settings),
        .testTarget(
            name: "TransportTests", dependencies: ["CZMQ", "MQNet", "MQStandIns", "MQTesting"] + transports, swiftSettings: settings),
        .testTarget(
            name: "ZMTPTests", dependencies: ["ZMTP", "MQCore", "MQTesting", "MQStandIns"], exclude: ["FuzzCorpus.txt"],
            swiftSettings: settings),
        .testTarget(name: "MQNetTests", dependencies: ["MQNet", "MQCore", "MQStandIns", "MQTesting"], swiftSettings: settings),
        .testTarget(name: "ContractTests", dependencies: ["MQCore", "MQStandIns", "MQTesting"], swiftSettings: settings),
    ]
)
