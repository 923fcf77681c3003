package dtc.log.etcd;

import com.google.protobuf.ByteString;
import dtc.log.etcd.api.LeaseGrantRequest;
import dtc.log.etcd.api.LeaseGrantResponse;
import dtc.log.etcd.api.LeaseKeepAliveRequest;
import dtc.log.etcd.api.LeaseRevokeRequest;
import dtc.log.etcd.api.PutRequest;
import dtc.log.fenced.Attempt;
import dtc.log.fenced.StoredValue;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * Keys with a lease, which etcd deletes if the lease is not renewed in time. Such a key shows only that a process is
 * probably alive. Each call is one attempt.
 */
public final class EtcdLeases {

    private final EtcdChannel channel;

    public EtcdLeases(EtcdChannel channel) {
        this.channel = channel;
    }

    /** Creates a lease. The result is its id. */
    public CompletionStage<Attempt<Long>> grant(Duration timeToLive) {
        LeaseGrantRequest request = LeaseGrantRequest.newBuilder()
                .setTTL(Math.max(1, timeToLive.toSeconds()))
                .build();
        return channel.call(EtcdMethod.LEASE_GRANT, request)
                .thenApply(attempt -> attempt.map(LeaseGrantResponse::getID));
    }

    /** Renews a lease. The result is false if it has expired. */
    public CompletionStage<Attempt<Boolean>> renew(long lease) {
        LeaseKeepAliveRequest request =
                LeaseKeepAliveRequest.newBuilder().setID(lease).build();
        return channel.call(EtcdMethod.LEASE_KEEP_ALIVE, request)
                .thenApply(attempt -> attempt.map(response -> response.getTTL() > 0));
    }

    /** Ends a lease and deletes its keys. There is no answer if it has expired. */
    public CompletionStage<Attempt<Boolean>> revoke(long lease) {
        LeaseRevokeRequest request =
                LeaseRevokeRequest.newBuilder().setID(lease).build();
        return channel.call(EtcdMethod.LEASE_REVOKE, request).thenApply(attempt -> attempt.map(_ -> true));
    }

    /** Puts a key that is deleted with the lease. There is no answer if the lease has expired. */
    public CompletionStage<Attempt<Boolean>> put(String key, StoredValue value, long lease) {
        PutRequest request = PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFrom(value.bytes()))
                .setLease(lease)
                .build();
        return channel.call(EtcdMethod.PUT, request).thenApply(attempt -> attempt.map(_ -> true));
    }
}
