extension ToolCommand {
    /// The commands that are recognised, by the tools' own manuals. The first that fits has it.
    public static let all: [ToolCommand] = [
        ToolCommand("drizzle", ["drizzle-kit"], ["migrate", "push"]),
        ToolCommand("prisma", ["prisma"], ["migrate", "push"]),
        // The program that Prisma lets do the work: `schema-engine-debian-openssl-3.0.x`.
        ToolCommand("prisma", ["schema-engine*", "migration-engine*"]),
        ToolCommand(
            "flyway", ["flyway", "org.flywaydb.commandline.Main"],
            ["migrate", "undo", "repair", "clean", "baseline"]),
        ToolCommand(
            "flyway", ["org.gradle.wrapper.GradleWrapperMain", "org.codehaus.plexus.classworlds.launcher.Launcher"],
            ["flywayMigrate", "flyway:migrate"]),
        ToolCommand("liquibase", ["liquibase", "liquibase.integration.commandline.*"], ["update*", "rollback*"]),
        ToolCommand(
            "liquibase", ["org.gradle.wrapper.GradleWrapperMain", "org.codehaus.plexus.classworlds.launcher.Launcher"],
            ["liquibase:update", "liquibase:rollback"]),
        ToolCommand(
            "rails", ["rails", "rake"],
            ["db:migrate*", "db:rollback*", "db:schema:load*", "db:prepare", "db:setup", "db:forward"]),
        ToolCommand("django", ["manage", "django-admin", "django"], ["migrate"]),
        ToolCommand("alembic", ["alembic", "flask", "flask-db"], ["upgrade", "downgrade"]),
        ToolCommand("knex", ["knex"], ["migrate:*"]),
        ToolCommand(
            "typeorm", ["typeorm", "typeorm-ts-node-commonjs", "typeorm-ts-node-esm"],
            ["migration:run", "migration:revert", "schema:sync"]),
        ToolCommand("sequelize", ["sequelize", "sequelize-cli"], ["db:migrate*"]),
        ToolCommand("node-pg-migrate", ["node-pg-migrate"], ["up", "down", "redo"]),
        ToolCommand("graphile-migrate", ["graphile-migrate"], ["migrate", "watch", "reset"]),
        ToolCommand("golang-migrate", ["migrate"], ["up", "down", "goto", "force", "drop"]),
        ToolCommand("goose", ["goose"], ["up", "up-*", "down", "down-to", "redo", "reset"]),
        ToolCommand("dbmate", ["dbmate"], ["up", "migrate", "rollback", "down"]),
        ToolCommand("atlas", ["atlas"], ["apply", "down"]),
        ToolCommand("sqitch", ["sqitch"], ["deploy", "revert", "rebase", "checkout"]),
        ToolCommand("yoyo", ["yoyo", "yoyo-migrate"], ["apply", "rollback", "reapply", "develop"]),
        ToolCommand("ef-core", ["ef"], ["update"]),
        ToolCommand("pgroll", ["pgroll"], ["start", "complete", "rollback", "migrate"]),
        ToolCommand("ecto", ["mix"], ["ecto.migrate", "ecto.rollback", "ecto.reset", "ecto.setup"]),
        ToolCommand("diesel", ["diesel"], ["migration", "setup"]),
        ToolCommand("sqlx", ["sqlx", "cargo-sqlx"], ["migrate"]),
        ToolCommand("refinery", ["refinery"], ["migrate"]),
        // Scripts of one's own that call a tool's library, and SQL files: which tool, only the database knows.
        ToolCommand(
            MigrationTool.manual,
            [
                "migrate.js", "migrate.mjs", "migrate.cjs", "migrate.ts", "migrate.mts", "migrate.py", "migrate.rb",
                "db-migrate", "run-migrations", "run_migrations",
            ]),
        ToolCommand(MigrationTool.manual, ["psql"], ["-f*", "--file", "--file=*"]),
    ]

    /// Programs that pass on what others send: poolers, load balancers, tunnels, what publishes containers' ports.
    static let relays: Set<String> = [
        "pgbouncer", "pgcat", "pgdog", "odyssey", "pgpool", "supavisor", "haproxy", "envoy", "nginx", "traefik",
        "docker-proxy", "rootlessport", "slirp4netns", "pasta", "pasta.avx2", "ssh", "sshd", "socat", "stunnel",
        "stunnel4", "kubectl", "cloud-sql-proxy", "cloud_sql_proxy",
    ]
}
