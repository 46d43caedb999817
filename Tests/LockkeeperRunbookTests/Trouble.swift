import LockkeeperCore
import LockkeeperPostgres
import LockkeeperRunbook
import LockkeeperTestSupport

/// A server on which a test makes trouble, and what `assess` says of it.
///
/// Servers are shared between tests, so only findings about the test's own database count; those about a whole server need one of their own.
struct Trouble {
    let database: TestDatabase
    private let assessor: Assessor

    init(
        _ database: TestDatabase, folder: MigrationFolder? = nil, user: String = "postgres",
        privacy: QueryTextPrivacy = .normalized
    ) {
        self.database = database
        let dsn = database.dsn(user: user)
        var configuration = Sampler.Configuration(target: "tested") { () throws(PostgresError) in try DSN(dsn) }
        // A busy machine is no trouble of the server's.
        configuration.statementTimeout = .seconds(20)
        configuration.oldDatabaseAge = 0
        assessor = Assessor(configuration, folder: folder, privacy: privacy)
    }

    /// Thresholds under which everything is worth a word at once: tests cannot wait for an hour.
    static var eager: DiagnosisThresholds {
        var thresholds = DiagnosisThresholds()
        thresholds.blockedMigration = .zero
        thresholds.idleMigration = .zero
        thresholds.lockQueue = .zero
        thresholds.idleTransaction = .zero
        thresholds.longTransaction = .zero
        thresholds.preparedTransaction = .zero
        thresholds.idleAdvisoryLock = .zero
        thresholds.oldSnapshot = .zero
        thresholds.replicationLag = 1
        thresholds.transactionIDAge = 1
        return thresholds
    }

    /// Looks until there is such a finding.
    func finding(
        _ verdict: Verdict, _ wanted: (Finding) -> Bool = { _ in true }
    ) async throws -> Finding {
        var findings: [Finding] = []
        do {
            try await eventually("\(verdict) is found", within: .seconds(40)) {
                findings = try await self.findings()
                return findings.contains { $0.verdict == verdict && wanted($0) }
            }
        } catch {
            throw TestFailure("\(error); there are: \(findings.map { "\($0.verdict): \($0.summary)" })")
        }
        guard let found = findings.first(where: { $0.verdict == verdict && wanted($0) }) else {
            throw TestFailure("no \(verdict)")
        }
        return found
    }

    /// Looks once, and says what there is to be said about the database and the server.
    func findings(by thresholds: DiagnosisThresholds = Trouble.eager) async throws -> [Finding] {
        await assessor.look(inDepth: true)
        let assessment = await assessor.assessment(by: thresholds)
        if let failure = assessment.failure { throw TestFailure("not reached: \(failure.message)") }
        return assessment.findings.filter { $0.database == database.name || $0.database.isEmpty }
    }

    func close() async { await assessor.close() }
}

extension Finding {
    var commands: [String] { actions.compactMap(\.command) }
    var text: String { ([summary] + evidence).joined(separator: " ") }
}

/// Runs `body` with a database in which to make trouble.
func withTrouble(_ major: Int, _ body: (Trouble, TestDatabase) async throws -> Void) async throws {
    try await TestPostgres.withDatabase(major) { database in
        let trouble = Trouble(database)
        let result: Result<Void, any Error>
        do { result = .success(try await body(trouble, database)) } catch { result = .failure(error) }
        await trouble.close()
        try result.get()
    }
}
