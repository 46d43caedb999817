import Testing

@testable import LockkeeperAgent

@Suite struct AgentPulseTests {
    private static func signs(
        age: Duration = .seconds(600), tick: Duration? = .seconds(1), look: Duration? = .seconds(1),
        store: String? = nil
    ) -> AgentPulse.Signs {
        .init(
            age: age, sinceTick: tick, sinceLook: look, storeProblem: store, tickLimit: .seconds(30),
            lookLimit: .seconds(60))
    }

    @Test(arguments: [
        (signs(), AgentPulse.steady),
        (signs(tick: .seconds(30), look: .seconds(60)), .steady),
        (signs(age: .seconds(1), tick: nil, look: nil), .starting),
        (signs(age: .seconds(1), tick: .seconds(1), look: nil), .starting),
        (signs(age: .seconds(1), tick: nil, look: .seconds(1)), .starting),
        (
            signs(tick: .seconds(31)), .impaired(reasons: ["the rules have not been evaluated for 31s"])
        ),
        (
            signs(look: .seconds(61)),
            .impaired(reasons: ["no look at any target has come back for 1m 1s"])
        ),
        (
            signs(tick: nil, look: nil),
            .impaired(reasons: [
                "the rules have not been evaluated for 10m", "no look at any target has come back for 10m",
            ])
        ),
        (
            signs(store: "the disk is full"), .impaired(reasons: ["the state cannot be stored: the disk is full"])
        ),
        (
            signs(age: .seconds(1), tick: nil, look: nil, store: "the disk is full"),
            .impaired(reasons: ["the state cannot be stored: the disk is full"])
        ),
    ])
    func `The agent does its work while it looks, judges and keeps what it knows`(
        signs: AgentPulse.Signs, pulse: AgentPulse
    ) {
        #expect(AgentPulse(signs) == pulse)
    }
}
