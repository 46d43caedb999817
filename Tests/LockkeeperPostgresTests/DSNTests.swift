import LockkeeperPostgres
import Testing

@Suite("A connection string")
struct DSNTests {
    @Test(
        "that is wrong is refused without quoting what may be a secret",
        arguments: [
            "postgresql://app:topsecret@[::1/app",
            "postgresql://app:topsecret@db:port:5432/app?topsecret=1",
            "host=db password=top secret topsecret=1",
            "password=topsecret topsecret",
            "postgresql://app:topsecret%zz@db/app",
            "password='topsecret",
            "host=db password=topsecret\u{0}",
        ])
    func wrong(text: String) {
        let error = #expect(throws: PostgresError.self) { try DSN(text) }
        #expect(error?.kind == .invalidDSN)
        #expect(error?.description.contains("secret") == false)
        #expect(error?.hint.contains("postgresql://") == true)
    }

    @Test("with a mistyped keyword says which was meant")
    func mistyped() {
        let error = #expect(throws: PostgresError.self) { try DSN("hots=db password=topsecret") }
        #expect(error?.message.contains("did you mean host?") == true)
    }

    @Test(
        "shows host, port, database and user, and never a secret, however it is printed",
        arguments: [
            "postgresql://app:topsecret@db.example.org:5433/shop?sslpassword=topsecret",
            "host=db.example.org port=5433 dbname=shop user=app password=topsecret",
        ])
    func shown(text: String) throws {
        let dsn = try DSN(text)
        #expect(dsn.description == "host=db.example.org port=5433 dbname=shop user=app")
        var dumped = ""
        dump(dsn, to: &dumped)
        for output in ["\(dsn)", String(reflecting: dsn), String(describing: Optional(dsn)), dumped] {
            #expect(!output.contains("topsecret"))
        }
    }

    @Test("can be turned to another database of the same server")
    func otherDatabase() throws {
        let dsn = try DSN("postgresql://app:topsecret@db.example.org/shop").with(database: "other")
        #expect(dsn.description == "host=db.example.org dbname=other user=app")
        #expect(dsn.database == "other")
    }
}
