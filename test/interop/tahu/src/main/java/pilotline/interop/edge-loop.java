package pilotline.interop;

import java.lang.reflect.Field;
import org.eclipse.tahu.edge.EdgeClient;

/**
 * Runs EdgeClient.run(), which connects, subscribes and publishes births, but then spins without a pause for as long as
 * it is connected and takes a core from whatever a test measures. It is left while there is nothing to connect, and
 * entered again when the connection is gone.
 */
final class EdgeLoop {
	private static final long LOOK_EVERY_MS = 50;
	private final EdgeClient client;
	private final Object gate;
	private final Object clientLock;
	private final Field stayRunning;
	private volatile boolean ended;

	/** `gate` is held by whoever calls the client, so that no call falls into the moment in which it is left. */
	EdgeLoop(EdgeClient client, Object gate) throws ReflectiveOperationException {
		this.client = client;
		this.gate = gate;
		Field lock = EdgeClient.class.getDeclaredField("clientLock");
		lock.setAccessible(true);
		clientLock = lock.get(client);
		stayRunning = EdgeClient.class.getDeclaredField("stayRunning");
		stayRunning.setAccessible(true);
	}

	void start() {
		Thread watch = new Thread(this::watch, "edge-loop");
		watch.setDaemon(true);
		watch.start();
	}

	void end() {
		ended = true;
	}

	private void watch() {
		try {
			Thread running = null;
			while (!ended) {
				if (running == null && !client.isConnected()) {
					running = new Thread(client, "edge-client");
					running.setDaemon(true);
					running.start();
				} else if (running != null && client.isConnected() && left(running)) {
					running = null;
				}
				Thread.sleep(LOOK_EVERY_MS);
			}
		} catch (Exception e) {
			Peer.emit(Peer.event("error").put("do", "loop").put("text", e.toString()));
		}
	}

	private boolean left(Thread running) throws Exception {
		synchronized (gate) {
			// A pass holds the lock throughout: having it means that births are out, or that the connection is gone.
			synchronized (clientLock) {
				if (ended || !client.isConnected()) return false;
				stayRunning.setBoolean(client, false);
			}
			running.join();
			if (!ended) stayRunning.setBoolean(client, true);
			return true;
		}
	}
}
