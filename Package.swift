// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// A room of the house: a library target under `Sources/`.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of a room. Each may use the test support besides what it names.
func tests(of name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.target(name: name)] + dependencies,
        resources: resources,
        swiftSettings: settings)
}

extension Target.Dependency {
    static let yams = product(name: "Yams", package: "Yams")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let arguments = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let log = product(name: "Logging", package: "swift-log")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioTLS = product(name: "NIOTLS", package: "swift-nio")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
}

let package = Package(
    name: "Lockkeeper",
    products: [
        .executable(name: "lockkeeper", targets: ["lockkeeper"]),
        .library(name: "PromQL", targets: ["PromQL"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CLoader"),
        .target(name: "CSpawn"),

        room("PromQL"),
        room("LockkeeperCore", ["PromQL"]),
        room("LockkeeperDigest", ["COpenSSL"]),
        room("LockkeeperCertificates", [.nioCore, .nioSSL]),
        room("LockkeeperConfig", ["LockkeeperCertificates", "LockkeeperCore", "PromQL", .yams]),
        room("LockkeeperPostgres", ["LockkeeperCore", "CPostgres"]),
        room("LockkeeperHost", ["LockkeeperCore", "LockkeeperDigest", "CLoader"]),
        room("LockkeeperRunbook", ["LockkeeperCore", "LockkeeperPostgres", "LockkeeperHost"]),
        room("LockkeeperTransfer", ["CCurl"]),
        room("LockkeeperNotify", ["LockkeeperCore", "LockkeeperDigest", "LockkeeperTransfer", .log]),
        room("LockkeeperStore", ["LockkeeperCore", .grdb]),
        room(
            "LockkeeperWeb",
            [
                "LockkeeperCertificates", "LockkeeperCore", "LockkeeperDigest", "PromQL", "CCrypt", "CZlib",
                .hummingbird,
                .hummingbirdCore, .httpTypes, .nioCore, .nioHTTPTypes, .nioSSL, .nioTLS, .log,
            ]),
        room("ThrowawayPostgres", ["CSpawn"]),
        .target(
            name: "ShippedRules",
            exclude: ["alerts/README.md", "alerts/tests"],
            resources: [
                .embedInCode("alerts/agent.yml"), .embedInCode("alerts/health.yml"),
                .embedInCode("alerts/locks.yml"), .embedInCode("alerts/migrations.yml"),
                .embedInCode("alerts/targets.yml"),
            ],
            swiftSettings: settings),
        room(
            "LockkeeperAgent",
            [
                "LockkeeperCertificates", "LockkeeperCore", "LockkeeperConfig", "LockkeeperPostgres", "LockkeeperHost",
                "LockkeeperNotify", "LockkeeperStore", "LockkeeperTransfer", "LockkeeperWeb", "PromQL",
                .serviceLifecycle, .unixSignals, .log,
            ]),
        .executableTarget(
            name: "lockkeeper",
            dependencies: [
                "LockkeeperAgent", "LockkeeperConfig", "LockkeeperCore", "LockkeeperHost", "LockkeeperNotify",
                "LockkeeperPostgres", "LockkeeperRunbook", "LockkeeperStore", "LockkeeperTransfer", "LockkeeperWeb",
                "PromQL", "ShippedRules", "ThrowawayPostgres", .arguments, .hummingbird, .log, .nioCore,
                .serviceLifecycle, .unixSignals,
            ],
            swiftSettings: settings),

        room(
            "LockkeeperTestSupport",
            [
                "LockkeeperCore", "LockkeeperDigest", "LockkeeperPostgres", "PromQL", "ThrowawayPostgres", .nioCore,
                .nioPosix,
                .nioHTTP1,
            ]),
        .executableTarget(
            name: "WaitGraphBenchmark", dependencies: ["LockkeeperCore"], path: "Tests/WaitGraphBenchmark",
            swiftSettings: settings),
        .executableTarget(
            name: "RuleBenchmark", dependencies: ["LockkeeperConfig", "LockkeeperCore", "PromQL", "ShippedRules"],
            path: "Tests/RuleBenchmark", swiftSettings: settings),
        .executableTarget(
            name: "DeliveryBenchmark",
            dependencies: [
                "LockkeeperAgent", "LockkeeperCore", "LockkeeperNotify", "LockkeeperStore", "LockkeeperTestSupport",
                "LockkeeperTransfer",
            ],
            path: "Tests/DeliveryBenchmark", swiftSettings: settings),
        .executableTarget(
            name: "IncidentCheck", dependencies: ["LockkeeperTestSupport"], path: "Tests/IncidentCheck",
            swiftSettings: settings),
        tests(of: "PromQL", ["LockkeeperTestSupport"]),
        tests(of: "LockkeeperCore", ["LockkeeperTestSupport"]),
        tests(of: "LockkeeperDigest"),
        tests(of: "LockkeeperCertificates", ["LockkeeperTestSupport"]),
        tests(of: "LockkeeperConfig", ["LockkeeperCore", "LockkeeperTestSupport", "PromQL"]),
        tests(of: "LockkeeperPostgres", ["LockkeeperTestSupport"]),
        tests(of: "LockkeeperHost", ["LockkeeperCore", "LockkeeperTestSupport", "ThrowawayPostgres"]),
        tests(
            of: "LockkeeperRunbook",
            ["LockkeeperCore", "LockkeeperPostgres", "LockkeeperTestSupport", "ThrowawayPostgres"]),
        tests(of: "LockkeeperTransfer", ["LockkeeperTestSupport"]),
        tests(
            of: "LockkeeperNotify", ["LockkeeperCore", "LockkeeperTestSupport", "PromQL"], resources: [.copy("Golden")]),
        tests(of: "LockkeeperStore", ["LockkeeperTestSupport", "PromQL"]),
        tests(
            of: "LockkeeperWeb",
            [
                "LockkeeperCertificates", "LockkeeperCore", "LockkeeperTestSupport", "PromQL", "ThrowawayPostgres",
                .serviceLifecycle, .log,
            ]),
        tests(
            of: "LockkeeperAgent",
            [
                "LockkeeperConfig", "LockkeeperCore", "LockkeeperPostgres", "LockkeeperStore", "LockkeeperTestSupport",
                "LockkeeperTransfer", "PromQL", "ShippedRules", "ThrowawayPostgres", .log, .serviceLifecycle,
            ]),
    ]
)

// The sanitizers look at the rooms that hold C handles: with `LOCKKEEPER_ONLY=ATests,BTests` the package is these and what they need, so that
// not everything is built once more for them.
if let names = Context.environment["LOCKKEEPER_ONLY"] {
    var wanted = Set<String>()
    var found = names.split(separator: ",").map(String.init)
    while let name = found.popLast() {
        guard wanted.insert(name).inserted, let target = package.targets.first(where: { $0.name == name }) else {
            continue
        }
        for case .targetItem(let name, _) in target.dependencies { found.append(name) }
        for case .byNameItem(let name, _) in target.dependencies { found.append(name) }
    }
    package.targets.removeAll { !wanted.contains($0.name) }
    package.products.removeAll { !wanted.contains($0.name) }
}
