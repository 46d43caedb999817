extension MigrationTool {
    /// The tools that are recognised. A history table is looked up in this order: the first shape that fits has it.
    ///
    /// Sources: each tool's own migrator; the keys of advisory locks were compared with the tools' source.
    public static let all: [MigrationTool] = [
        MigrationTool(
            "drizzle", "Drizzle",
            histories: [
                HistoryShape(
                    "__drizzle_migrations", columns: ["id", "hash", "created_at", "name", "applied_at"], key: "id",
                    name: "name", hash: "hash", stamp: "created_at", appliedAt: "applied_at", order: "id"),
                HistoryShape(
                    "__drizzle_migrations", columns: ["id", "hash", "created_at"], key: "id", hash: "hash",
                    stamp: "created_at", order: "id"),
            ],
            applicationNames: ["drizzle"]),
        MigrationTool(
            "prisma", "Prisma",
            histories: [
                HistoryShape(
                    "_prisma_migrations",
                    columns: ["id", "checksum", "migration_name", "started_at", "finished_at", "rolled_back_at"],
                    key: "id", name: "migration_name", hash: "checksum", appliedAt: "finished_at",
                    state:
                        "case when rolled_back_at is not null then 'settled' when finished_at is null then 'unfinished' else 'applied' end",
                    order: "started_at")
            ],
            locks: [.fixed(72_707_369)], applicationNames: ["prisma"]),
        MigrationTool(
            "flyway", "Flyway",
            histories: [
                HistoryShape(
                    "flyway_schema_history",
                    columns: ["installed_rank", "version", "script", "installed_on", "success"],
                    key: "installed_rank", name: "script", hash: "checksum::text",
                    appliedAt: "installed_on at time zone current_setting('TimeZone')",
                    state: "case when success then 'applied' else 'failed' end", order: "installed_rank")
            ],
            locks: [.near(77_431_708_279_161)], applicationNames: ["flyway"]),
        MigrationTool(
            "liquibase", "Liquibase",
            histories: [
                HistoryShape(
                    "databasechangelog", columns: ["id", "author", "filename", "dateexecuted", "orderexecuted"],
                    key: "id || ' ' || author || ' ' || filename", name: "filename || '::' || id", hash: "md5sum",
                    appliedAt: "dateexecuted at time zone current_setting('TimeZone')", order: "orderexecuted")
            ],
            applicationNames: ["liquibase"]),
        MigrationTool(
            "golang-migrate", "golang-migrate",
            histories: [
                HistoryShape(
                    "schema_migrations", columns: ["version", "dirty"],
                    key: "version || case when dirty then ' dirty' else '' end",
                    name: "version::text", state: "case when dirty then 'failed' else 'applied' end", order: "version")
            ],
            locks: [.golangMigrate]),
        MigrationTool(
            "ecto", "Ecto",
            histories: [
                HistoryShape(
                    "schema_migrations", columns: ["version", "inserted_at"], key: "version", name: "version::text",
                    appliedAt: "inserted_at at time zone 'UTC'", order: "version")
            ]),
        MigrationTool(
            "rails", "Rails",
            histories: [
                HistoryShape(
                    "schema_migrations", columns: ["version"], absent: ["dirty", "inserted_at"],
                    companion: "ar_internal_metadata", key: "version", name: "version", order: "version")
            ],
            locks: [.databaseNameCRC(factor: 2_053_462_845)]),
        MigrationTool(
            "dbmate", "dbmate",
            histories: [
                HistoryShape(
                    "schema_migrations", columns: ["version"], absent: ["dirty", "inserted_at"],
                    absentCompanion: "ar_internal_metadata", key: "version", name: "version", order: "version")
            ]),
        MigrationTool(
            "django", "Django",
            histories: [
                HistoryShape(
                    "django_migrations", columns: ["id", "app", "name", "applied"], key: "id",
                    name: "app || '.' || name",
                    appliedAt: "applied", order: "id")
            ]),
        MigrationTool(
            "alembic", "Alembic",
            histories: [
                HistoryShape(
                    "alembic_version", columns: ["version_num"], key: "version_num", name: "version_num",
                    order: "version_num")
            ]),
        MigrationTool(
            "goose", "goose",
            histories: [
                HistoryShape(
                    "goose_db_version", columns: ["id", "version_id", "is_applied", "tstamp"], key: "id",
                    name: "version_id::text", appliedAt: "tstamp at time zone current_setting('TimeZone')", order: "id")
            ],
            locks: [.fixed(5_887_940_537_704_921_958)]),
        MigrationTool(
            "knex", "Knex",
            histories: [
                HistoryShape(
                    "knex_migrations", columns: ["id", "name", "batch", "migration_time"], key: "id", name: "name",
                    appliedAt: "migration_time", order: "id")
            ],
            applicationNames: ["knex"]),
        MigrationTool(
            "typeorm", "TypeORM",
            histories: [
                HistoryShape(
                    "migrations", columns: ["id", "timestamp", "name"], key: "id", name: "name",
                    stamp: "\"timestamp\"", order: "id")
            ],
            applicationNames: ["typeorm"]),
        MigrationTool(
            "sequelize", "Sequelize",
            histories: [
                HistoryShape("SequelizeMeta", columns: ["name"], key: "name", name: "name", order: "name")
            ]),
        MigrationTool(
            "node-pg-migrate", "node-pg-migrate",
            histories: [
                HistoryShape(
                    "pgmigrations", columns: ["id", "name", "run_on"], key: "id", name: "name",
                    appliedAt: "run_on at time zone current_setting('TimeZone')", order: "id")
            ],
            locks: [.fixed(7_241_865_325_823_964)]),
        MigrationTool(
            "sqitch", "Sqitch",
            histories: [
                HistoryShape(
                    "changes", columns: ["change_id", "change", "project", "committed_at", "planned_at"],
                    key: "change_id", name: "change", hash: "script_hash", appliedAt: "committed_at",
                    order: "committed_at")
            ],
            locks: [.fixed(75_474_063)], applicationNames: ["sqitch"]),
        MigrationTool(
            "ef-core", "Entity Framework Core",
            histories: [
                HistoryShape(
                    "__EFMigrationsHistory", columns: ["MigrationId", "ProductVersion"], key: "\"MigrationId\"",
                    name: "\"MigrationId\"", order: "\"MigrationId\"")
            ]),
        MigrationTool(
            "atlas", "Atlas",
            histories: [
                HistoryShape(
                    "atlas_schema_revisions", columns: ["version", "description", "applied", "total", "executed_at"],
                    key: "version || ' ' || applied || '/' || total", name: "version || '_' || description",
                    hash: "hash", appliedAt: "executed_at",
                    state:
                        "case when coalesce(error, '') <> '' then 'failed' when applied < total then 'unfinished' else 'applied' end",
                    order: "executed_at")
            ],
            locks: [.fixed(2_686_470_616)]),
        MigrationTool(
            "pgroll", "pgroll",
            histories: [
                HistoryShape(
                    // Between its start and its completion, days perhaps, a migration is not done and all is well.
                    "migrations", columns: ["schema", "name", "migration", "done", "created_at", "parent"],
                    key:
                        "case when schema = 'public' then '' else schema || '.' end || name || case when done then '' else ' (started)' end",
                    name: "name || case when done then '' else ' (started)' end", order: "created_at")
            ],
            applicationNames: ["pgroll"]),
        MigrationTool(
            "graphile-migrate", "graphile-migrate",
            histories: [
                HistoryShape(
                    "migrations", columns: ["hash", "previous_hash", "filename", "date"], key: "hash", name: "filename",
                    hash: "hash", appliedAt: "date", order: "filename")
            ]),
        MigrationTool(
            "diesel", "Diesel",
            histories: [
                HistoryShape(
                    "__diesel_schema_migrations", columns: ["version", "run_on"], key: "version", name: "version",
                    appliedAt: "run_on at time zone current_setting('TimeZone')", order: "version")
            ]),
        MigrationTool(
            "sqlx", "sqlx",
            histories: [
                HistoryShape(
                    "_sqlx_migrations", columns: ["version", "description", "installed_on", "success", "checksum"],
                    key: "version", name: "version || '_' || description", hash: "encode(checksum, 'hex')",
                    appliedAt: "installed_on", state: "case when success then 'applied' else 'failed' end",
                    order: "version")
            ],
            locks: [.databaseNameCRC(factor: 0x3d32_ad9e)]),
        MigrationTool(
            "refinery", "refinery",
            histories: [
                HistoryShape(
                    "refinery_schema_history", columns: ["version", "name", "applied_on", "checksum"], key: "version",
                    name: "version || '_' || name", hash: "checksum", order: "version")
            ]),
        MigrationTool(
            "yoyo", "yoyo",
            histories: [
                HistoryShape(
                    "_yoyo_migration", columns: ["migration_hash", "migration_id", "applied_at_utc"],
                    key: "migration_hash", name: "migration_id", hash: "migration_hash",
                    appliedAt: "applied_at_utc at time zone 'UTC'", order: "applied_at_utc")
            ]),
    ]

    /// The tool that holds, or waits for, an advisory lock with this key.
    public static func owning(_ key: AdvisoryKey, database: String) -> MigrationTool? {
        // Exact keys first: Flyway's range is 2³² wide.
        let owners = all.filter { $0.advisoryLocks.contains { $0.matches(key, database: database) } }
        return owners.first { $0.id != "flyway" } ?? owners.first
    }

    /// The tool whose sessions call themselves so.
    public static func named(byApplication applicationName: String) -> MigrationTool? {
        let name = applicationName.lowercased()
        return all.first { $0.applicationNames.contains(where: name.hasPrefix) }
    }

    /// Names of history tables that no other program would use for something else, with their tool: their
    /// appearance in a statement is evidence enough.
    public static let tellingTables: [String: String] = Dictionary(
        all.flatMap { tool in tool.histories.map { ($0.table, tool.id) } }.filter {
            !["schema_migrations", "migrations", "changes"].contains($0.0)
        }, uniquingKeysWith: { first, _ in first })

    /// The names of all history tables.
    public static let historyTableNames: Set<String> = Set(all.flatMap { $0.histories.map(\.table) })
}
