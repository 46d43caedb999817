internal import LockkeeperCore
internal import LockkeeperPostgres

/// The agent's wall clock. Pace and deadlines go by the monotonic one.
enum AgentClock {
    static var now: Timestamp { Sampler.wallClock() }
}
