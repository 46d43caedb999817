/// The rule files of `alerts/`, in the binary: what the agent evaluates when the configuration names no files.
public enum ShippedRules {
    /// A rule file's name and text.
    public struct File: Sendable, Hashable {
        public let name: String
        public let text: String
    }

    public static let files: [File] = [
        file("alerts/agent.yml", PackageResources.agent_yml), file("alerts/health.yml", PackageResources.health_yml),
        file("alerts/locks.yml", PackageResources.locks_yml),
        file("alerts/migrations.yml", PackageResources.migrations_yml),
        file("alerts/targets.yml", PackageResources.targets_yml),
    ]

    private static func file(_ name: String, _ bytes: [UInt8]) -> File {
        File(name: name, text: String(decoding: bytes, as: UTF8.self))
    }
}
