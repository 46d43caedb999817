import ArgumentParser
import LockkeeperAgent
import LockkeeperConfig
import LockkeeperCore
import LockkeeperHost
import LockkeeperPostgres
import LockkeeperRunbook
import LockkeeperWeb

struct AssessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assess", abstract: "Says what is wrong on a server right now, with the evidence and what to do.",
        discussion: """
            Example:
              lockkeeper assess --dsn postgres://lockkeeper@db.example.org/app
              lockkeeper assess --config /etc/lockkeeper/lockkeeper.yml --target app-production

            Takes three looks within some seconds; no agent needs to run. It only reads, and waits for no lock.

            Exit status: 0 nothing to see to, 1 findings of severity warning or critical, 2 usage or configuration error,
            3 the server could not be reached.
            """)

    @Option(
        help: ArgumentHelp("The server to assess, as libpq takes it; else that of the configuration.", valueName: "dsn")
    )
    var dsn: String?

    @OptionGroup var source: ConfigurationSource

    @Option(help: "Which of the configuration's targets; needed if it has several.")
    var target: String?

    @Flag(help: "Prints JSON.")
    var json = false

    func validate() throws {
        guard dsn == nil || source.file == nil && target == nil else {
            throw ValidationError("give --dsn, or --config and --target, not both")
        }
    }

    func run() async throws {
        let assessment = await (try assessor()).assess()
        if json {
            Console.line(
                try JSONDocuments.assessment(
                    target: assessment.target, at: assessment.at, server: assessment.server,
                    findings: assessment.findings, locks: assessment.locks, failure: assessment.failure))
        } else if assessment.failure == nil {
            Console.line(AssessmentText(assessment).text)
        }
        if assessment.failure != nil {
            throw CommandFailure(.unreachable, lines: json ? [] : [AssessmentText(assessment).text])
        }
        if !assessment.isFine { throw CommandFailure(.doesNotHold, lines: []) }
    }

    private func assessor() throws -> Assessor {
        if let dsn {
            let parsed: DSN
            do throws(PostgresError) {
                parsed = try DSN(dsn)
            } catch {
                throw CommandFailure(.usage, "--dsn: \(error)")
            }
            return Assessor(.init(target: parsed.database ?? "server") { () throws(PostgresError) in parsed })
        }
        let configuration = try source.loadOrFail()
        let chosen = try choose(from: configuration.targets)
        let folder = chosen.migrations.map {
            MigrationFolderReader().read(tool: $0.tool, path: $0.folder, at: Sightings.now)
        }
        return Assessor(
            .init(chosen, sampling: configuration.sampling), folder: folder ?? nil,
            toolFolder: chosen.migrations?.folder, privacy: configuration.queryText)
    }

    private func choose(from targets: [TargetConfiguration]) throws -> TargetConfiguration {
        let names = targets.map(\.name).joined(separator: ", ")
        if let target {
            guard let chosen = targets.first(where: { $0.name == target }) else {
                throw CommandFailure(.usage, "there is no target \(target); there are: \(names)")
            }
            return chosen
        }
        guard let only = targets.first, targets.count == 1 else {
            throw CommandFailure(.usage, "the configuration has several targets (\(names)): say which with --target")
        }
        return only
    }
}
