import LockkeeperCore
import LockkeeperPostgres

/// How runs and incidents are shown on a terminal.
enum Sightings {
    /// The wall clock.
    static var now: Timestamp { Sampler.wallClock() }

    static func describe(_ facts: IncidentFacts) {
        Console.line(facts.summary)
        for detail in facts.details { Console.line("  \(detail.name): \(detail.value)") }
        for action in facts.actions {
            Console.line("  -> \(action.text)\(action.command.map { ": \($0)" } ?? "")")
        }
    }
}
