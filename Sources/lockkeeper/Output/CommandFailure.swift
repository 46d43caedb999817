/// Why a command ends without success: lines for people, and the exit status.
struct CommandFailure: Error {
    enum Status: Int32 {
        /// What was checked does not hold.
        case doesNotHold = 1
        /// A usage or configuration error.
        case usage = 2
        /// Something could not be reached.
        case unreachable = 3
    }

    var status: Status
    /// What happened and what to do next.
    var lines: [String]

    init(_ status: Status, _ lines: String...) {
        self.status = status
        self.lines = lines
    }

    init(_ status: Status, lines: [String]) {
        self.status = status
        self.lines = lines
    }
}
