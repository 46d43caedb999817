import Testing

@testable import LockkeeperCore

@Suite("A command line")
struct CommandLineTests {
    private static let secret = "hunter2Zwei"

    /// Ways in which people put a secret into a command line.
    private static let leaks: [[String]] = [
        ["migrate", "-database", "postgres://deploy:\(secret)@db/shop", "up"],
        ["migrate", "-database", "postgres://deploy:a@\(secret)@db/shop?sslmode=disable", "up"],
        ["tool", "--url=postgresql+psycopg2://deploy:\(secret)@db/shop"],
        ["tool", "postgres://db/shop?user=deploy&password=\(secret)"],
        ["java", "-url=jdbc:postgresql://db/shop?password=\(secret)", "-password=\(secret)"],
        ["flyway", "-password=\(secret)", "migrate"], ["liquibase", "--password", secret, "update"],
        ["tool", "--db-pass", secret], ["tool", "--dbPassword", secret], ["env", "PGPASSWORD=\(secret)", "psql"],
        ["goose", "postgres", "user=deploy password=\(secret) dbname=shop", "up"],
        ["goose", "postgres", "password='\(secret)'", "up"], ["tool", "deploy:\(secret)@db:5432/shop"],
        ["sh", "-c", "PGPASSWORD=\(secret) psql -f x.sql"], ["psql", "-c", "ALTER ROLE a PASSWORD '\(secret)'"],
        ["tool", "{\"password\":\"\(secret)\"}"], ["tool", "--header=Authorization:\(secret)"],
        ["tool", "--api-key=\(secret)"], ["tool", "--api-key", secret], ["tool", "--token=\(secret)"],
        ["tool", "--client-secret", secret], ["tool", "https://user:\(secret)@example.org/path"],
        ["npm exec drizzle-kit migrate --url postgres://u:\(secret)@db/shop"],
        ["tool", "a=b,password=\(secret)"], ["tool", "sslkey=x;Password=\(secret);Host=db"],
        ["tool", "Host=db;Username=deploy;Password=\(secret)"], ["tool", "-Dspring.datasource.password=\(secret)"],
        ["psql", "-v", "pw=\(secret)", "-f", "x.sql"], ["psql", "-v", "whatever=\(secret)"], ["psql", "-vx=\(secret)"],
        ["psql", "--set", "x=\(secret)"], ["psql", "--set=x=\(secret)"], ["psql", "--variable=x=\(secret)"],
        ["psql", "--variable", "x=\(secret)"], ["alembic", "-x", "db=\(secret)", "upgrade"],
        ["java", "-Dapp.user=\(secret)"], ["java", "-D", "app.user=\(secret)"],
        ["flyway", "-placeholders.appUser=\(secret)"], ["flyway", "--placeholders.appUser=\(secret)"],
        ["tool", "--user=deploy:\(secret)"], ["tool", "--user", "deploy:\(secret)"],
        ["curl", "-u", "deploy:\(secret)"],
        ["tool", "a=b;user=deploy:\(secret)"], ["tool", "--key", secret], ["tool", "--encryption-key=\(secret)"],
        ["tool", "--db-pw", secret], ["tool", "pw=\(secret)"],
        ["npm exec drizzle-kit migrate --url postgres://u:my \(secret)@h/db"],
        ["npm exec drizzle-kit migrate --url postgres://u:\(secret) my@h/db"],
        ["npm exec drizzle-kit migrate --url postgres://u:p@ss a \(secret)@h/db"],
        ["npm exec tool --password my \(secret)"], ["npm exec tool --password=my \(secret)"],
    ]

    @Test("never shows a secret in it", arguments: leaks)
    func secrets(arguments: [String]) {
        let shown = CommandLine(arguments: arguments).redacted
        #expect(!shown.contains(Self.secret) && !shown.contains("hunter2"), "\(shown)")
    }

    @Test(
        "never shows what looks like a key, wherever it stands",
        arguments: [
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "9b74c9897bac770ffc029102a200c5de9b74c989",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0",
        ])
    func keys(key: String) {
        for arguments in [["tool", key], ["tool", "--x", key], ["tool", "--x=\(key)"]] {
            let shown = CommandLine(arguments: arguments).redacted
            #expect(!shown.contains(key.split(separator: ".")[0]) && shown.contains("***"), "\(shown)")
        }
    }

    @Test("keeps what tells people which command it is")
    func plain() {
        let shown = { (arguments: [String]) in CommandLine(arguments: arguments).redacted }
        #expect(
            shown(["node", "/srv/app/node_modules/drizzle-kit/bin.cjs", "migrate"])
                == "node /srv/app/node_modules/drizzle-kit/bin.cjs migrate")
        #expect(shown(["alembic", "-c", "alembic.ini", "upgrade", "head"]) == "alembic -c alembic.ini upgrade head")
        #expect(
            shown(["migrate", "-path=db/20240101120000_create_users", "up"])
                == "migrate -path=db/20240101120000_create_users up")
        #expect(
            shown(["migrate", "-database", "postgres://deploy:x@db:5432/shop", "up"])
                == "migrate -database postgres://***@db:5432/shop up")
        #expect(shown(["psql", "-v", "ON_ERROR_STOP=1", "-f", "x.sql"]) == "psql -v ON_ERROR_STOP=*** -f x.sql")
        #expect(shown(["flyway", "-placeholders.appUser=x", "migrate"]) == "flyway -placeholders.appUser=*** migrate")
        #expect(shown(["java", "-Dapp.region=x", "-jar", "a.jar"]) == "java -Dapp.region=*** -jar a.jar")
        #expect(shown(["tool", "-v", "up"]) == "tool -v up")
        #expect(shown(["tool", "--user", "deploy", "up"]) == "tool --user deploy up")
        #expect(
            shown(["npm exec drizzle-kit migrate --url postgres://u:my own@h/db --strict"])
                == "npm exec drizzle-kit migrate --url postgres://***@h/db --strict")
        #expect(
            shown(["npm exec tool --password my own --strict"]) == "npm exec tool --password *** *** --strict")
        #expect(shown([]) == "")
    }

    @Test("is cut off, and has no control characters")
    func bounds() {
        let long = CommandLine(arguments: ["java", "-cp", String(repeating: "/lib/a.jar:", count: 500), "Main"])
            .redacted
        #expect(long == "java -cp … Main")
        #expect(CommandLine(arguments: Array(repeating: "word", count: 1000)).redacted.count <= 201)
        #expect(!CommandLine(arguments: ["a\u{1B}[31m\u{7}"]).redacted.unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test("is read from the kernel's file: arguments that end in zeros, a title with its padding, nothing at all")
    func file() {
        #expect(CommandLine(procFile: Array("a\0b c\0\0".utf8)).arguments == ["a", "b c"])
        #expect(CommandLine(procFile: Array("npm exec x\0\0\0\0".utf8)).arguments == ["npm", "exec", "x"])
        #expect(CommandLine(procFile: []).arguments == [])
        #expect(CommandLine(procFile: [0xFF, 0, 0x61, 0]).arguments.count == 2)
    }
}
