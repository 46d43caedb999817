import LockkeeperPostgres
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

@Suite("A throwaway server", .enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct ThrowawayPostgresTests {
    @Test("answers on its socket and, with its password, on the loopback address")
    func answers() async throws {
        try await TestPostgres.withDatabase { database in
            let local = try await database.session()
            #expect(try await local.value("SELECT 40 + 2") == "42")
            let remote = try await PsqlSession.connect(database.loopbackDSN)
            #expect(try await remote.value("SELECT inet_server_addr()") == "127.0.0.1")
            let byURL = try await PsqlSession.connect(database.server.url(database: database.name))
            #expect(try await byURL.value("SELECT current_database()") == database.name)
        }
    }
}
