import Foundation
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

/// A migration tool from PyPI, run as people run it, by the Python of `LOCKKEEPER_TEST_PYTHON`.
enum PythonTool: String, CaseIterable, CustomTestStringConvertible {
    case alembic, yoyo

    var testDescription: String { rawValue }

    /// As the tool's history names its two migrations.
    var versions: [String] {
        switch self {
        case .alembic: ["1a2b3c4d5e6f", "2b3c4d5e6f70"]
        case .yoyo: ["0001.customers", "0002.order-note"]
        }
    }

    private static let statements = [
        "CREATE TABLE customers (id bigint)", "ALTER TABLE orders ADD COLUMN note text",
    ]

    /// Applies its migrations up to the given one.
    func migrate(_ database: TestDatabase, in folder: TemporaryFolder, upTo count: Int) async throws {
        let server = database.server
        let url =
            "\(self == .alembic ? "postgresql+psycopg2" : "postgresql")://postgres:\(server.password)@127.0.0.1:\(server.port)/\(database.name)"
        for (index, statement) in Self.statements.enumerated() {
            switch self {
            case .alembic:
                let parent = index == 0 ? "None" : "'\(versions[index - 1])'"
                try folder.write(
                    """
                    from alembic import op
                    revision = '\(versions[index])'
                    down_revision = \(parent)
                    branch_labels = None
                    depends_on = None
                    def upgrade():
                        op.execute("\(statement)")
                    """, to: "versions/\(versions[index]).py")
            case .yoyo:
                try folder.write("\(statement);\n", to: "versions/\(versions[index]).sql")
            }
        }
        let chosen = versions.prefix(count).map { "'\($0)'" }.joined(separator: ", ")
        let program: String
        switch self {
        case .alembic:
            try folder.write(
                """
                from alembic import context
                from sqlalchemy import create_engine
                engine = create_engine(context.config.get_main_option('sqlalchemy.url'))
                with engine.connect() as connection:
                    context.configure(connection=connection)
                    with context.begin_transaction():
                        context.run_migrations()
                """, to: "env.py")
            program = """
                from alembic import command
                from alembic.config import Config
                config = Config()
                config.set_main_option('script_location', '\(folder.path)')
                config.set_main_option('sqlalchemy.url', '\(url)')
                command.upgrade(config, '\(versions[count - 1])')
                """
        case .yoyo:
            program = """
                from yoyo import get_backend, read_migrations
                backend = get_backend('\(url)')
                migrations = read_migrations('\(folder.path)/versions')
                wanted = migrations.filter(lambda m: m.id in [\(chosen)])
                with backend.lock():
                    backend.apply_migrations(backend.to_apply(wanted))
                """
        }
        let script = try folder.write(program, to: "run-\(count).py")
        let log = "\(folder.path)/log-\(count)"
        let python = ProcessInfo.processInfo.environment["LOCKKEEPER_TEST_PYTHON"] ?? "python3"
        let status = try await BlockingWork.run {
            try Command(arguments: [python, "-W", "ignore", script], folder: folder.path, log: log).run(seconds: 60)
        }
        if status != 0 {
            throw TestFailure(
                "\(rawValue) ended with \(status): \((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")")
        }
    }
}
