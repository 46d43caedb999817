internal import LockkeeperConfig
internal import LockkeeperCore
internal import LockkeeperNotify
internal import LockkeeperTransfer

struct ConfiguredReceiver: DeliveryClient {
    init(_ receiver: ReceiverConfiguration, transfers: TransferClient) {}
    func deliver(_ delivery: Delivery) async -> DeliveryOutcome { .delivered }
}
