import Glibc
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

@Suite("A throwaway server", .enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct ThrowawayPostgresTests {
    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private func isRunning(_ pid: Int32) -> Bool { kill(pid, 0) == 0 }

    @Test("answers on its socket and, with its password, on the loopback address", arguments: TestPostgres.majors)
    func answers(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            #expect(database.server.installation.major == major)
            let local = try await database.session()
            #expect(try await local.value("SELECT 40 + 2") == "42")
            let remote = try await PsqlSession.connect(database.loopbackDSN)
            #expect(try await remote.value("SELECT inet_server_addr()") == "127.0.0.1")
            let byURL = try await PsqlSession.connect(database.server.url(database: database.name))
            #expect(try await byURL.value("SELECT current_database()") == database.name)
        }
    }

    @Test("keeps its data over a restart and leaves nothing behind when stopped, suspended or not")
    func lifetime() async throws {
        let server = try await ThrowawayPostgres.start(.init(settings: ["cluster_name": "it's"]))
        let pid = try #require(await server.processID)
        let before = try await PsqlSession.connect(server.dsn())
        #expect(try await before.value("SHOW cluster_name") == "it's")
        try await before.run("CREATE TABLE kept ()")
        try await server.restart()
        let after = try await PsqlSession.connect(server.dsn())
        #expect(try await after.value("SELECT count(*) FROM kept") == "0")
        await server.suspend()
        await server.stop()
        #expect(!exists(server.folder))
        #expect(!isRunning(pid))
        await server.stop()
    }

    @Test("that is forgotten is gone, as it is when its process is killed: its lifeline is closed")
    func forgotten() async throws {
        var server: ThrowawayPostgres? = try await ThrowawayPostgres.start()
        let folder = try #require(server?.folder)
        let pid = try #require(await server?.processID)
        #expect(exists(folder) && isRunning(pid))
        server = nil
        try await eventually("server and folder are gone") { !exists(folder) && !isRunning(pid) }
    }

    @Test("that cannot start says why, and leaves nothing behind")
    func failure() async throws {
        let error = await #expect(throws: ThrowawayPostgresError.self) {
            try await ThrowawayPostgres.start(.init(settings: ["no_such_setting": "1"]))
        }
        #expect(error?.log.contains("no_such_setting") == true)
        let log = error?.log ?? ""
        let mention = try #require(log.firstRange(of: "/tmp/lockkeeper-pg-"), "\(log)")
        let folder = String(log[mention.lowerBound...].prefix("/tmp/lockkeeper-pg-XXXXXX".utf8.count))
        #expect(!exists(folder))
    }

    @Test("is not looked for in a folder without server programs")
    func noPrograms() async {
        let error = #expect(throws: ThrowawayPostgresError.self) { try PostgresInstallation(binFolder: "/etc") }
        #expect(error?.message.contains("initdb") == true)
        let missing = await #expect(throws: ThrowawayPostgresError.self) {
            try await PostgresInstallation.find(major: 7)
        }
        #expect(missing?.message.contains("PostgreSQL 7") == true)
    }
}
