import Foundation
import LockkeeperDigest
import LockkeeperPostgres

/// A folder of migrations as drizzle-kit writes it (0.x), and drizzle-orm's migrator by its statements.
public struct DrizzleProject: Sendable {
    /// The folder.
    public let path: String
    public let migrations: [Migration]

    public struct Migration: Sendable {
        public var tag: String
        public var sql: String
        /// Milliseconds since the Unix epoch: the journal's `when`.
        public var stamp: Int64

        /// What Drizzle keeps of the file: SHA-256 in hex.
        public var hash: String {
            Digest.hexadecimal(Digest.sha256(Array(sql.utf8)))
        }
    }

    /// Writes the folder.
    ///
    /// - Parameter path: it is created.
    public init(at path: String, _ migrations: KeyValuePairs<String, String>) throws {
        self.path = path
        self.migrations = migrations.enumerated().map { index, migration in
            Migration(
                tag: migration.key, sql: migration.value, stamp: 1_760_000_000_000 + Int64(index) * 86_400_000)
        }
        try FileManager.default.createDirectory(atPath: "\(path)/meta", withIntermediateDirectories: true)
        let entries = self.migrations.enumerated().map { index, migration in
            #"{"idx":\#(index),"version":"7","when":\#(migration.stamp),"tag":"\#(migration.tag)","breakpoints":true}"#
        }
        try Data(#"{"version":"7","dialect":"postgresql","entries":[\#(entries.joined(separator: ","))]}"#.utf8)
            .write(to: URL(filePath: "\(path)/meta/_journal.json"))
        for migration in self.migrations {
            try Data(migration.sql.utf8).write(to: URL(filePath: "\(path)/\(migration.tag).sql"))
        }
    }

    /// The exact statements of drizzle-orm's migrator (0.45) over a connection of its own: what is stamped later than the newest row of the
    /// history is applied, all in one transaction.
    ///
    /// - Parameter count: how many of the folder's migrations there are yet; all if `nil`.
    public func migrate(_ dsn: String, upTo count: Int? = nil) async throws {
        let session = try await PsqlSession.connect(dsn, applicationName: "")
        do {
            try await session.run(#"CREATE SCHEMA IF NOT EXISTS "drizzle""#)
            try await session.run(
                """
                CREATE TABLE IF NOT EXISTS "drizzle"."__drizzle_migrations" (
                \t\tid SERIAL PRIMARY KEY,
                \t\thash text NOT NULL,
                \t\tcreated_at bigint
                \t)
                """)
            let last = try await session.run(
                #"select id, hash, created_at from "drizzle"."__drizzle_migrations" order by created_at desc limit 1"#)
            let watermark: Int64 = last.first?.integer(2) ?? .min
            try await session.run("begin")
            for migration in migrations.prefix(count ?? migrations.count) where migration.stamp > watermark {
                for statement in migration.sql.components(separatedBy: "--> statement-breakpoint") {
                    try await session.run(statement)
                }
                try await session.run(
                    #"insert into "drizzle"."__drizzle_migrations" ("hash", "created_at") values('\#(migration.hash)', \#(migration.stamp))"#
                )
            }
            try await session.run("commit")
        } catch {
            _ = try? await session.run("rollback")
            await session.close()
            throw error
        }
        await session.close()
    }
}
