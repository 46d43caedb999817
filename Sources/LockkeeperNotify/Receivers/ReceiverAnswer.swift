/// What a receiver has answered to one request, for those who try it out.
public struct ReceiverAnswer: Sendable, Hashable {
    /// Whether it has accepted it.
    public var isSuccess: Bool
    /// What it said, on one short line without secrets: `Slack answered 200: ok`.
    public var text: String

    public init(isSuccess: Bool, text: String) {
        self.isSuccess = isSuccess
        self.text = text
    }
}
