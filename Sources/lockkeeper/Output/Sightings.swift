import Glibc
import LockkeeperCore

/// How runs and incidents are shown on a terminal.
enum Sightings {
    /// The wall clock.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    static func describe(_ facts: IncidentFacts) {
        Console.line(facts.summary)
        for detail in facts.details { Console.line("  \(detail.name): \(detail.value)") }
        for action in facts.actions {
            Console.line("  -> \(action.text)\(action.command.map { ": \($0)" } ?? "")")
        }
    }
}
