/// A maintenance window of the configuration, and who is told of it.
public struct PlannedMaintenance: Sendable, Hashable {
    /// Tells it from all others of the configuration.
    public var name: String
    /// Its single target, which is watched; "" where it has none or several.
    public var target: String
    public var window: MaintenanceWindow
    /// The receivers that are told when it takes place, when that changes, and when it is over; none for one that only holds back news.
    public var announce: [String]

    public init(name: String, target: String = "", window: MaintenanceWindow, announce: [String] = []) {
        self.name = name
        self.target = target
        self.window = window
        self.announce = announce
    }
}
