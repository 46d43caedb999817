internal import Glibc
internal import LockkeeperCore

/// The agent's wall clock. Pace and deadlines go by the monotonic one.
enum AgentClock {
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
