import Testing

@testable import LockkeeperCore

@Suite("The command line of a migration tool")
struct ToolCommandTests {
    @Test(
        "is recognised at work",
        arguments: [
            ("node /app/node_modules/.bin/drizzle-kit migrate", "drizzle"),
            ("/usr/bin/node --no-warnings /app/node_modules/drizzle-kit/bin.cjs push", "drizzle"),
            ("node /app/node_modules/prisma/build/index.js migrate deploy", "prisma"),
            ("/app/node_modules/@prisma/engines/schema-engine-debian-openssl-3.0.x --datamodel x", "prisma"),
            ("java -Djava.library.path= -cp /flyway/lib/flyway.jar org.flywaydb.commandline.Main migrate", "flyway"),
            ("java -cp a.jar liquibase.integration.commandline.LiquibaseLauncher update", "liquibase"),
            ("java -cp gradle-wrapper.jar org.gradle.wrapper.GradleWrapperMain flywayMigrate", "flyway"),
            ("ruby bin/rails db:migrate", "rails"), ("/usr/bin/ruby3.1 /usr/bin/rake db:migrate:up VERSION=1", "rails"),
            ("python manage.py migrate", "django"), ("python3.11 -m django migrate", "django"),
            ("/usr/bin/python3 /usr/local/bin/alembic -c a.ini upgrade head", "alembic"),
            ("python -m alembic upgrade head", "alembic"), ("python3 /usr/bin/flask db upgrade", "alembic"),
            ("node -r ts-node/register node_modules/.bin/knex migrate:latest", "knex"),
            ("node node_modules/typeorm/cli.js migration:run -d x.js", "typeorm"),
            ("node node_modules/.bin/sequelize db:migrate", "sequelize"),
            ("node node_modules/.bin/sequelize-cli db:migrate", "sequelize"),
            ("node node_modules/.bin/node-pg-migrate up", "node-pg-migrate"),
            ("goose -dir db postgres user=x up", "goose"), ("migrate -path db -database x up 2", "golang-migrate"),
            ("/usr/local/bin/dbmate --wait up", "dbmate"), ("atlas migrate apply --url x", "atlas"),
            ("atlas schema apply --url x", "atlas"), ("perl /usr/bin/sqitch deploy db:pg:shop", "sqitch"),
            ("python /usr/bin/yoyo apply --batch", "yoyo"), ("dotnet ef database update", "ef-core"),
            ("pgroll start x.json", "pgroll"), ("mix ecto.migrate", "ecto"),
            ("/usr/lib/erlang/erts-13/bin/beam.smp -- -root /x -extra /usr/bin/mix ecto.migrate", "ecto"),
            ("diesel migration run", "diesel"), ("sqlx migrate run", "sqlx"), ("refinery migrate -c x", "refinery"),
            ("psql -f up.sql shop", "manual"), ("psql --file=up.sql", "manual"), ("psql -fup.sql", "manual"),
            ("node dist/db/migrate.js", "manual"), ("tsx src/migrate.ts", "manual"),
            ("bun run src/migrate.ts", "manual"),
        ])
    func recognised(command: String, tool: String) {
        #expect(ToolCommand.tool(of: command.arguments) == tool)
    }

    @Test(
        "is not seen in what only speaks of one, or does something else",
        arguments: [
            "vim alembic upgrade", "grep -r drizzle-kit migrate", "sh -c drizzle-kit migrate",
            "npm exec drizzle-kit migrate",
            "node server.js migrate", "node node_modules/.bin/drizzle-kit studio",
            "node node_modules/.bin/drizzle-kit generate",
            "python manage.py runserver", "python /usr/bin/alembic history", "psql shop", "psql -c select",
            "postgres: app shop 127.0.0.1(5000) ALTER TABLE waiting", "rails server", "java -jar app.jar",
            "goose status",
            "migrate version", "/srv/goose/server up", "", "tail -f migrate.js", "docker run flyway/flyway migrate",
        ])
    func other(command: String) {
        #expect(ToolCommand.tool(of: command.arguments) == nil)
    }

    @Test("All of its tools are in the catalogue of tools")
    func known() {
        let tools = Set(MigrationTool.all.map(\.id)).union([MigrationTool.manual])
        #expect(ToolCommand.all.allSatisfy { tools.contains($0.tool) })
        // What every tool of the catalogue runs as is known.
        #expect(tools.subtracting(ToolCommand.all.map(\.tool)) == [])
    }

    @Test("A pooler or a tunnel is told from a client")
    func relays() {
        #expect(ToolCommand.program(of: "/usr/sbin/pgbouncer -d x.ini".arguments) == .relay)
        #expect(ToolCommand.program(of: "ssh -L 5432:db:5432 host".arguments) == .relay)
        #expect(ToolCommand.program(of: "psql shop".arguments) == .other)
        #expect(ToolCommand.program(of: "dbmate up".arguments) == .tool("dbmate"))
    }
}

extension String {
    fileprivate var arguments: CommandLine {
        CommandLine(arguments: split(separator: " ").map(String.init))
    }
}
