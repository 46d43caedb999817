import LockkeeperCore
import LockkeeperNotify
import Testing

@Suite("What the book plans, with the courier itself", .timeLimit(.minutes(1)))
struct CourierAcceptanceTests {
    @Test func `The healthy receiver gets one message through a retry, a reload and a new start`() async throws {
        let outbox = MemoryOutbox()
        var book = IncidentBook(policy: IncidentPolicy(routes: [Route(receiver: "slack"), Route(receiver: "mail")]))
        let begin = book.advance(firing: [.played(.critical)], at: .courierNoon)
        outbox.plan(begin.deliveries)
        let slack = try #require(begin.deliveries.first { $0.receiver == "slack" }?.id)
        let mail = try #require(begin.deliveries.first { $0.receiver == "mail" }?.id)
        let (sick, well) = (ScriptedClient { _ in .retry() }, ScriptedClient())

        let log = EventLog()
        let courier = Courier(outbox: outbox, clock: VirtualClock(), jitter: { 1 }, report: log.record)
        await courier.update(receivers: ["slack": sick, "mail": well])
        await log.settled(slack, "retried")
        await log.settled(mail, "delivered")
        let mended = ScriptedClient()
        await courier.update(receivers: ["slack": mended, "mail": well])
        await log.settled(slack, "delivered")
        await courier.shutDown()

        // The next process, by which all is over.
        book = IncidentBook(incidents: begin.incidents, policy: book.policy)
        outbox.plan(book.advance(firing: [], at: .courierNoon).deliveries)
        let nextLog = EventLog()
        let next = Courier(outbox: outbox, clock: VirtualClock(), jitter: { 1 }, report: nextLog.record)
        await next.update(receivers: ["slack": mended, "mail": well])
        await nextLog.waiting("slack", because: .nothingPending)
        await nextLog.waiting("mail", because: .nothingPending)
        await next.shutDown()

        for client in [mended, well] {
            #expect(client.received.map(\.notification.reason) == [.opened, .resolved])
            #expect(client.received.map(\.notification.severity) == [.critical, .critical])
        }
        #expect(sick.received.map(\.id) == [slack])
    }
}
