package dtc.log.etcd;

import com.google.protobuf.ByteString;
import dtc.log.etcd.api.Compare;
import dtc.log.etcd.api.DeleteRangeRequest;
import dtc.log.etcd.api.KeyValue;
import dtc.log.etcd.api.PutRequest;
import dtc.log.etcd.api.RangeRequest;
import dtc.log.etcd.api.RangeResponse;
import dtc.log.etcd.api.RequestOp;
import dtc.log.etcd.api.ResponseOp;
import dtc.log.etcd.api.StatusRequest;
import dtc.log.etcd.api.StatusResponse;
import dtc.log.etcd.api.TxnRequest;
import dtc.log.etcd.api.TxnResponse;
import dtc.log.fenced.Attempt;
import dtc.log.fenced.Attempt.Answered;
import dtc.log.fenced.Attempt.NoAnswer;
import dtc.log.fenced.KeyValueStore;
import dtc.log.fenced.StoredValue;
import dtc.log.fenced.Txn;
import dtc.log.fenced.Txn.Operation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.CompletionStage;

/** A key-value store in etcd 3.4 or newer. All reads are linearizable. */
public final class EtcdKeyValueStore implements KeyValueStore {

    private final EtcdChannel channel;
    private final long quotaBytes;

    /** @param quotaBytes the quota of etcd, which etcd itself reports only since version 3.6 */
    public EtcdKeyValueStore(EtcdChannel channel, long quotaBytes) {
        this.channel = channel;
        this.quotaBytes = quotaBytes;
    }

    @Override
    public CompletionStage<Attempt<Txn.Result>> commit(Txn txn) {
        TxnRequest.Builder request = TxnRequest.newBuilder();
        txn.conditions().forEach(condition -> request.addCompare(compare(condition)));
        txn.then().forEach(operation -> request.addSuccess(request(operation)));
        txn.otherwise().forEach(operation -> request.addFailure(request(operation)));
        return channel.call(EtcdMethod.TXN, request.build())
                .thenApply(attempt -> attempt.map(EtcdKeyValueStore::result));
    }

    /** A key without a value has version 0. */
    private static Compare compare(Txn.Condition condition) {
        Compare.Builder compare = Compare.newBuilder()
                .setResult(Compare.CompareResult.EQUAL)
                .setKey(ByteString.copyFromUtf8(condition.key()));
        StoredValue value = condition.value();
        return value == null
                ? compare.setTarget(Compare.CompareTarget.VERSION).setVersion(0).build()
                : compare.setTarget(Compare.CompareTarget.VALUE)
                        .setValue(ByteString.copyFrom(value.bytes()))
                        .build();
    }

    private static RequestOp request(Operation operation) {
        RequestOp.Builder request = RequestOp.newBuilder();
        switch (operation) {
            case Operation.Get(String key) ->
                request.setRequestRange(RangeRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)));
            case Operation.Put(String key, StoredValue value) ->
                request.setRequestPut(PutRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(key))
                        .setValue(ByteString.copyFrom(value.bytes())));
            case Operation.Delete(String key) ->
                request.setRequestDeleteRange(DeleteRangeRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)));
            case Operation.DeleteRange(String from, String to) ->
                request.setRequestDeleteRange(DeleteRangeRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(from))
                        .setRangeEnd(ByteString.copyFromUtf8(to)));
        }
        return request.build();
    }

    private static Txn.Result result(TxnResponse response) {
        Map<String, StoredValue> values = new HashMap<>();
        for (ResponseOp operation : response.getResponsesList()) {
            operation.getResponseRange().getKvsList().forEach(kv -> values.put(key(kv), value(kv)));
        }
        return new Txn.Result(response.getSucceeded(), values);
    }

    @Override
    public CompletionStage<Attempt<List<Entry>>> range(String from, String to, int limit) {
        RangeRequest request = RangeRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(from))
                .setRangeEnd(ByteString.copyFromUtf8(to))
                .setLimit(limit)
                .build();
        return channel.call(EtcdMethod.RANGE, request).thenApply(attempt -> attempt.map(EtcdKeyValueStore::entries));
    }

    private static List<Entry> entries(RangeResponse response) {
        return response.getKvsList().stream()
                .map(kv -> new Entry(key(kv), value(kv)))
                .toList();
    }

    private static String key(KeyValue kv) {
        return kv.getKey().toStringUtf8();
    }

    private static StoredValue value(KeyValue kv) {
        return new StoredValue(kv.getValue().asReadOnlyByteBuffer());
    }

    @Override
    public CompletionStage<OptionalDouble> usage() {
        return channel.call(EtcdMethod.STATUS, StatusRequest.getDefaultInstance())
                .thenApply(attempt -> switch (attempt) {
                    case Answered<StatusResponse> answered -> OptionalDouble.of(usage(answered.result()));
                    case NoAnswer<StatusResponse> _ -> OptionalDouble.empty();
                });
    }

    private double usage(StatusResponse status) {
        return (double) status.getDbSizeInUse() / (status.getDbSizeQuota() > 0 ? status.getDbSizeQuota() : quotaBytes);
    }
}
