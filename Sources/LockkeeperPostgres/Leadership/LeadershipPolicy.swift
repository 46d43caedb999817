/// How patient agents are with each other when they find out which of them leads.
public struct LeadershipPolicy: Sendable, Hashable {
    /// Between questions whether the lock is, or can be, ours: how soon a leader that ends is followed by another.
    public var pace: Duration = .seconds(1)
    /// The server's `statement_timeout` for such a question; our own deadline lies a little after it.
    public var answersWithin: Duration = .seconds(2)
    /// How long connecting may take.
    public var connectsWithin: Duration = .seconds(2)
    /// How long one that follows, or has not decided yet, goes without an answer before it behaves as the leader.
    public var patience: Duration = .seconds(5)
    /// Who has lost the lock lets others try for so long: its line, or its server process, has just failed.
    public var holdsBackFor: Duration = .seconds(2)
    /// Before it is tried again where the lock cannot be had: behind a pooler, or without the permission.
    public var refusedPace: Duration = .seconds(30)
    /// Between questions who it is that leads.
    public var asksForHolderEvery: Duration = .seconds(10)
    /// After so long without a question of ours the server ends the session, and the lock is free: an agent that hangs leads no longer.
    /// From PostgreSQL 14 on.
    public var lease: Duration = .seconds(10)
    /// Between attempts to connect.
    public var retries = Backoff(initial: .milliseconds(250), cap: .seconds(2))

    public init() {}
}
