import LockkeeperTestSupport
import Testing

/// What `Tests/IncidentCheck` does with many more sequences.
@Suite struct IncidentWorldTests {
    @Test func `Whoever is told that something begins is told how it ends, through silences, reloads and crashes`() {
        var deliveries = 0
        for seed in 0..<400 as Range<UInt64> {
            var world = IncidentWorld(seed: seed)
            world.live(steps: 40)
            deliveries += world.deliveryCount
            #expect(world.violations.isEmpty, "seed \(seed): \(world.violations.first ?? "")")
            if !world.violations.isEmpty { return }
        }
        #expect(deliveries > 5000, "the worlds are too quiet to show anything")
    }
}
