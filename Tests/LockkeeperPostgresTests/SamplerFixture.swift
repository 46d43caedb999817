import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing

/// A sampler of a connection string, with short delays between attempts.
func sampler(_ dsn: String, _ change: (inout Sampler.Configuration) -> Void = { _ in }) -> Sampler {
    var configuration = Sampler.Configuration(target: "tested") { () throws(PostgresError) in try DSN(dsn) }
    change(&configuration)
    return Sampler(configuration, backoff: Backoff(initial: .milliseconds(20), cap: .milliseconds(100)))
}

extension Sample {
    func glance() throws -> Glance {
        guard case .glanced(let glance) = content else { throw TestFailure("no glance: \(content)") }
        return glance
    }

    func observation() throws -> Observation {
        guard case .seen(let observation) = content else { throw TestFailure("nothing seen: \(content)") }
        return observation
    }

    func history() throws -> HistoryReading {
        guard case .history(let reading) = content else { throw TestFailure("no history: \(content)") }
        return reading
    }

    func catalog() throws -> CatalogReading {
        guard case .catalog(let reading) = content else { throw TestFailure("no catalogs: \(content)") }
        return reading
    }

    var failure: SampleFailure? {
        if case .failed(let failure) = content { failure } else { nil }
    }
}
