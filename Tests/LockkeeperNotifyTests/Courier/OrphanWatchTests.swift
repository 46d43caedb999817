import LockkeeperCore
import LockkeeperNotify
import Testing

@Suite("Deliveries without a receiver")
struct OrphanWatchTests {
    let start = Timestamp.courierNoon
    let hour = Duration.seconds(3600)

    @Test func `they are given up a day after they are first seen, and not before`() {
        var watch = OrphanWatch()
        #expect(
            watch.look(pending: ["gone", "here"], configured: ["here"], at: start)
                == .init(abandon: [], lookAgainAt: start + hour))
        let almost = start + hour * 23 + .seconds(1800)
        #expect(
            watch.look(pending: ["gone"], configured: ["here"], at: almost)
                == .init(abandon: [], lookAgainAt: start + hour * 24))
        #expect(
            watch.look(pending: ["gone"], configured: ["here"], at: start + hour * 24)
                == .init(abandon: ["gone"], lookAgainAt: start + hour * 25))
    }

    @Test func `a receiver that comes back starts anew`() {
        var watch = OrphanWatch()
        _ = watch.look(pending: ["slack"], configured: [], at: start)
        _ = watch.look(pending: ["slack"], configured: ["slack"], at: start + hour * 20)
        #expect(watch.look(pending: ["slack"], configured: [], at: start + hour * 25).abandon == [])
        #expect(watch.look(pending: ["slack"], configured: [], at: start + hour * 49).abandon == ["slack"])
    }

    @Test func `the reason names the receiver and the time`() {
        #expect(
            OrphanWatch.reason(receiver: "slack", keptFor: hour * 24)
                == "no receiver slack has been configured for 24 h")
    }
}
