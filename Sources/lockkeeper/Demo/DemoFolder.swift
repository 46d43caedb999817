import FoundationEssentials
import LockkeeperCore
import LockkeeperHost
import ShippedRules

/// The temporary folder of a demo: the agent's configuration and state, the rules with lower thresholds, and a Drizzle folder.
struct DemoFolder: Sendable {
    let path: String

    /// What the thresholds of the shipped rules are for the length of the demo, where nobody wants to wait ten minutes.
    static let thresholds: [(shipped: String, demo: String)] = [
        ("lockkeeper_migration_waiting_seconds > 30", "lockkeeper_migration_waiting_seconds > 3"),
        ("lockkeeper_migration_blocked_seconds > 15", "lockkeeper_migration_blocked_seconds > 6"),
        ("lockkeeper_migration_duration_seconds > 600", "lockkeeper_migration_duration_seconds > 10"),
    ]

    static let migrations = [
        (tag: "0000_shop", stamp: 1_760_000_000_000, sql: "CREATE TABLE customers (id bigint);"),
        (tag: "0001_orders", stamp: 1_761_000_000_000, sql: "CREATE TABLE orders (id bigint);"),
        (tag: "0002_order_note", stamp: 1_762_000_000_000, sql: #"ALTER TABLE "orders" ADD COLUMN "note" text;"#),
    ]

    static func make() throws -> DemoFolder {
        let folder = FileManager.default.temporaryDirectory.appending(path: "lockkeeper-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return DemoFolder(path: folder.path)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }

    var configurationFile: String { "\(path)/lockkeeper.yml" }

    /// Writes the configuration of an agent that watches the server and tells the webhook.
    func writeConfiguration(dsn: String, webhook: String, port: Int) throws {
        try write(
            "lockkeeper.yml",
            """
            listen: 127.0.0.1:\(port)
            state: \(path)/state
            targets:
              - name: shop
                dsn: "\(dsn)"
                migrations: { tool: drizzle, folder: \(path)/drizzle }
                labels: { env: demo }
            sampling: { history: 1s }
            rules: { files: ["alerts/*.yml"] }
            receivers:
              - { name: people, webhook: { url: "\(webhook)" } }
            routes:
              - { receiver: people, severity: info }

            """)
        for file in ShippedRules.files {
            var text = file.text
            for threshold in Self.thresholds { text = text.replacing(threshold.shipped, with: threshold.demo) }
            try write(file.name, text)
        }
    }

    /// Writes the Drizzle folder and reads it as the agent does.
    func writeMigrations() throws -> [MigrationFolder.Entry] {
        let entries = Self.migrations.enumerated().map { index, migration in
            #"{"idx":\#(index),"version":"7","when":\#(migration.stamp),"tag":"\#(migration.tag)","breakpoints":true}"#
        }
        try write(
            "drizzle/meta/_journal.json",
            #"{"version":"7","dialect":"postgresql","entries":[\#(entries.joined(separator: ","))]}"#)
        for migration in Self.migrations { try write("drizzle/\(migration.tag).sql", migration.sql) }
        return MigrationFolderReader().read(tool: "drizzle", path: "\(path)/drizzle", at: Sightings.now).entries
    }

    private func write(_ name: String, _ text: String) throws {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: file))
    }
}
