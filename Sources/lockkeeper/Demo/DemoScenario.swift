import LockkeeperCore
import LockkeeperPostgres
import ThrowawayPostgres

/// A small shop whose migration gets stuck: the statements of Drizzle's migrator over a connection of their own, behind a transaction that
/// somebody forgot, while the shop's own queries queue behind the migration.
struct DemoScenario: Sendable {
    static let database = "shop"

    let server: ThrowawayPostgres
    /// The folder's migrations; all but the last are applied already.
    let migrations: [MigrationFolder.Entry]
    let say: @Sendable (String) -> Void

    /// How long each act lasts.
    struct Pace: Sendable {
        var quiet = Duration.seconds(3)
        var stuck = Duration.seconds(14)
    }

    /// Creates the shop's tables and the history of two migrations that were applied before.
    func prepare() async throws {
        let admin = try await connect("setup", database: "postgres")
        try await admin.execute("CREATE DATABASE \(Self.database)")
        await admin.close()
        let setup = try await connect("setup")
        try await setup.execute(
            """
            CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
            CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                customer_id bigint REFERENCES customers, amount numeric NOT NULL);
            INSERT INTO customers (name) SELECT 'customer ' || n FROM generate_series(1, 200) n;
            INSERT INTO orders (customer_id, amount) SELECT 1 + n % 200, n FROM generate_series(1, 5000) n;
            CREATE SCHEMA drizzle;
            CREATE TABLE drizzle.__drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint);
            """)
        for migration in migrations.dropLast() { try await setup.execute(Self.entry(migration)) }
        await setup.close()
    }

    /// Plays it, from the quiet before to the recovery, and goes on with the shop's traffic until it is cancelled.
    func play(_ pace: Pace = Pace()) async throws {
        try await withThrowingTaskGroup { group in
            for number in 1...4 { group.addTask { try await serveCustomers(number) } }
            group.addTask { try await migrate(pace) }
            try await group.waitForAll()
        }
    }

    private func migrate(_ pace: Pace) async throws {
        try await Task.sleep(for: pace.quiet)
        say("ana opens a transaction, reads orders, and goes to lunch (pid idle in transaction)")
        let forgotten = try await connect("notebook of ana")
        try await forgotten.execute("BEGIN; SELECT count(*) FROM orders")
        try await Task.sleep(for: .seconds(1))

        say("a deployment runs Drizzle's migrator: ALTER TABLE orders ADD COLUMN note text")
        async let migration: Void = runDrizzle()
        try await Task.sleep(for: pace.stuck)
        say("ana comes back and closes her notebook: her transaction is rolled back")
        await forgotten.close()
        try await migration
        say("the migrator has committed")
    }

    /// The exact statements of drizzle-orm's migrator (0.45), over a connection of its own.
    private func runDrizzle() async throws {
        let migrator = try await connect("", within: .seconds(600))
        try await migrator.execute(#"CREATE SCHEMA IF NOT EXISTS "drizzle""#)
        try await migrator.execute(
            #"CREATE TABLE IF NOT EXISTS "drizzle"."__drizzle_migrations" (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)"#
        )
        try await migrator.execute(
            #"select id, hash, created_at from "drizzle"."__drizzle_migrations" order by created_at desc limit 1"#)
        try await migrator.execute("BEGIN")
        try await migrator.execute(#"ALTER TABLE "orders" ADD COLUMN "note" text;"#, within: .seconds(600))
        if let migration = migrations.last { try await migrator.execute(Self.entry(migration)) }
        try await migrator.execute("COMMIT")
        await migrator.close()
    }

    /// A session of the shop: a query, a pause, for ever.
    private func serveCustomers(_ number: Int) async throws {
        let session = try await connect("shop-web-\(number)")
        while !Task.isCancelled {
            try await session.execute(
                "SELECT sum(amount) FROM orders WHERE customer_id = \(number)", within: .seconds(600))
            try await Task.sleep(for: .milliseconds(150))
        }
    }

    private func connect(
        _ name: String, database: String = DemoScenario.database, within limit: Duration = .seconds(10)
    ) async throws -> PostgresSession {
        try await PostgresSession.connect(
            to: DSN(server.dsn(database: database)), as: .client(applicationName: name), within: limit)
    }

    /// What the migrator writes for a migration that it has applied.
    private static func entry(_ migration: MigrationFolder.Entry) -> String {
        #"insert into "drizzle"."__drizzle_migrations" ("hash", "created_at") values('\#(migration.hash ?? "")', \#(migration.stamp ?? 0))"#
    }
}
