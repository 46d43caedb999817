/// A password's bcrypt hash in the form of crypt(5): `$2b$12$`, 22 characters of salt, 31 of hash.
///
/// It prints as `(hidden)`: whoever has it can try passwords as fast as their machine can.
public struct BcryptHash: Sendable, Hashable {
    /// As it stands in the configuration.
    public let text: String

    /// The costs that are accepted: below, a stolen hash is cracked too soon; above, one check of a password takes seconds.
    static let costs = 10...14

    private static let advice =
        "`htpasswd -nBC 12 NAME` (package apache2-utils) asks for the password and prints name and hash"

    /// Why a text is not a hash that may be used, without quoting it.
    struct Objection: Error, Hashable {
        var message: String
        var hint: String
    }

    init(_ text: String) throws(Objection) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        // The method's versions differ in what they repaired; 2x is the one that was broken.
        guard parts.count == 4, parts[0].isEmpty, ["2a", "2b", "2y"].contains(parts[1]), parts[2].utf8.count == 2,
            parts[2].utf8.allSatisfy({ (48...57).contains($0) }), let cost = Int(parts[2])
        else { throw Objection(message: "is not a bcrypt hash", hint: Self.advice) }
        guard parts[3].utf8.count == 53, parts[3].utf8.allSatisfy(Self.isDigit) else {
            throw Objection(message: "is not a whole bcrypt hash, which has 60 characters", hint: Self.advice)
        }
        guard cost >= Self.costs.lowerBound else {
            throw Objection(
                message: "is a bcrypt hash of cost \(cost), too quick to try passwords on",
                hint: "The cost is to be from 10 to 14. " + Self.advice)
        }
        guard cost <= Self.costs.upperBound else {
            throw Objection(
                message: "is a bcrypt hash of cost \(cost): each check of a password would take seconds of a core",
                hint: "The cost is to be from 10 to 14. " + Self.advice)
        }
        self.text = text
    }

    /// Of bcrypt's own base 64: `./A-Za-z0-9`.
    private static func isDigit(_ byte: UInt8) -> Bool {
        (46...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
}

extension BcryptHash: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { ConfigurationProblem.hiddenValue }
    public var debugDescription: String { ConfigurationProblem.hiddenValue }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
