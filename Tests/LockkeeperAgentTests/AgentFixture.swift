import LockkeeperConfig
import LockkeeperTestSupport
import ShippedRules

/// A configuration file, with the shipped rules beside it, in a folder of its own.
struct AgentFixture: Sendable {
    let folder: TemporaryFolder
    /// The fields of `web`, in YAML's flow style.
    var web = ""
    var targets: [String] = []
    var receivers: [String] = []
    var routes: [String] = []
    var sampling = "history: 1s, statement_timeout: 1s, connect_timeout: 1s"
    /// Whether other agents watch the same targets.
    var electsLeader = false
    /// Further fields of the configuration, in YAML.
    var more = ""
    /// Texts of the shipped rules and what stands in their places: thresholds of seconds instead of minutes.
    var edits: [(String, String)] = []

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Thresholds of seconds instead of minutes.
    static let lowered = [
        ("lockkeeper_migration_duration_seconds > 600", "lockkeeper_migration_duration_seconds > 2"),
        ("lockkeeper_migration_duration_seconds > 1800", "lockkeeper_migration_duration_seconds > 4"),
    ]

    /// Adds a target.
    ///
    /// - Parameter more: further fields, in YAML's flow style.
    mutating func watch(_ dsn: String, as name: String = "app", _ more: String = "") {
        targets.append(#"{ name: \#(name), dsn: "\#(dsn)"\#(more.isEmpty ? "" : ", " + more) }"#)
    }

    /// Adds a receiver and the route that leads everything about a database to it.
    ///
    /// Servers are shared between tests, and locks and long transactions are seen in all databases of a server.
    mutating func tell(_ name: String, _ channel: String, of database: String, from severity: String = "info") {
        receivers.append("{ name: \(name), \(channel) }")
        routes.append("{ receiver: \(name), severity: \(severity), match: { database: \(database) } }")
    }

    var statePath: String { "\(folder.path)/state" }

    var configurationPath: String { "\(folder.path)/lockkeeper.yml" }

    /// Writes the files; the path of the configuration comes back.
    @discardableResult
    func write(listen: String = "127.0.0.1:0") throws -> String {
        for file in ShippedRules.files {
            var text = file.text
            for (shipped, edited) in edits { text = text.replacing(shipped, with: edited) }
            try folder.write(text, to: file.name)
        }
        return try folder.write(
            """
            listen: \(listen)
            state: \(statePath)
            \(web.isEmpty ? "" : "web: { \(web) }")
            targets:
            \(list(targets))
            leader_election: \(electsLeader)
            sampling: { \(sampling) }
            rules: { files: ["alerts/*.yml"] }
            receivers:
            \(list(receivers))
            routes:
            \(list(routes))
            \(more)

            """, to: "lockkeeper.yml")
    }

    /// The fixture itself, its files written.
    func written() throws -> AgentFixture {
        try write()
        return self
    }

    private func list(_ elements: [String]) -> String {
        elements.isEmpty ? "  []" : elements.map { "  - \($0)" }.joined(separator: "\n")
    }
}
