import Glibc
import LockkeeperTestSupport

/// Lives random lives of the incident book, and prints how many held what must hold: `IncidentCheck [SEQUENCES [FIRST-SEED]]`.
/// Ends with 1 if one did not.
@main
enum IncidentCheck {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst().compactMap(UInt64.init)
        let count = arguments.first ?? 100_000
        let first = arguments.count > 1 ? arguments[1] : 0
        var deliveries = 0
        var broken = 0
        let time = ContinuousClock().measure {
            for seed in first..<first + count {
                var world = IncidentWorld(seed: seed)
                world.live(steps: 40)
                deliveries += world.deliveryCount
                guard let violation = world.violations.first else { continue }
                broken += 1
                if broken <= 3 { print("seed \(seed): \(violation)") }
            }
        }
        print("sequences \(count)")
        print("deliveries \(deliveries)")
        print("broken \(broken)")
        print("time \(time)")
        if broken > 0 { exit(1) }
    }
}
