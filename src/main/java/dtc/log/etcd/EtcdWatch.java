package dtc.log.etcd;

import com.google.protobuf.ByteString;
import dtc.log.etcd.api.Event;
import dtc.log.etcd.api.WatchCreateRequest;
import dtc.log.etcd.api.WatchRequest;
import dtc.log.etcd.api.WatchResponse;
import dtc.log.fenced.StoredValue;
import dtc.log.fenced.Timers;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Reports changes of the keys in a range. Changes are missed while the watch is interrupted, so the listener must read
 * the keys each time the watch starts.
 */
public final class EtcdWatch implements AutoCloseable {

    private static final Duration RESTART_PAUSE = Duration.ofMillis(100);

    private final EtcdChannel channel;
    private final Timers timers;
    private final WatchRequest request;
    private final Listener listener;
    private @Nullable EtcdStream<WatchRequest, WatchResponse> stream;
    private boolean closed;

    /** Receives changes, in order. */
    public interface Listener {
        /** All changes after this revision are reported, until the watch is interrupted. */
        void started(long revision);

        /**
         * A key was put or deleted.
         *
         * @param value the new value; null if the key was deleted
         */
        void changed(String key, @Nullable StoredValue value, long revision);

        void interrupted(String reason);
    }

    private EtcdWatch(EtcdChannel channel, Timers timers, WatchRequest request, Listener listener) {
        this.channel = channel;
        this.timers = timers;
        this.request = request;
        this.listener = listener;
    }

    /** Watches the keys from {@code from} (inclusive) to {@code to} (exclusive), until the watch is closed. */
    public static EtcdWatch start(EtcdChannel channel, Timers timers, String from, String to, Listener listener) {
        WatchCreateRequest create = WatchCreateRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(from))
                .setRangeEnd(ByteString.copyFromUtf8(to))
                .build();
        EtcdWatch watch = new EtcdWatch(
                channel,
                timers,
                WatchRequest.newBuilder().setCreateRequest(create).build(),
                listener);
        watch.open();
        return watch;
    }

    private synchronized void open() {
        if (!closed) {
            stream = channel.open(EtcdMethod.WATCH, request, new StreamListener());
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (stream != null) {
            stream.close();
        }
    }

    private final class StreamListener implements EtcdStream.Listener<WatchResponse> {
        @Override
        public void received(WatchResponse response) {
            if (isClosed()) {
                return;
            }
            if (response.getCreated()) {
                listener.started(response.getHeader().getRevision());
            }
            for (Event event : response.getEventsList()) {
                boolean isDeleted = event.getType() == Event.EventType.DELETE;
                listener.changed(
                        event.getKv().getKey().toStringUtf8(),
                        isDeleted
                                ? null
                                : new StoredValue(event.getKv().getValue().asReadOnlyByteBuffer()),
                        event.getKv().getModRevision());
            }
            if (response.getCanceled()) {
                cancelled(response.getCancelReason());
            }
        }

        private void cancelled(String reason) {
            EtcdStream<WatchRequest, WatchResponse> open;
            synchronized (EtcdWatch.this) {
                open = stream;
            }
            if (open != null) {
                open.fail(reason);
            }
        }

        @Override
        public void ended(String reason) {
            if (!isClosed()) {
                listener.interrupted(reason);
                timers.after(RESTART_PAUSE, EtcdWatch.this::open);
            }
        }
    }
}
