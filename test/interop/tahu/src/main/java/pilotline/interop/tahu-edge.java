package pilotline.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Objects;
import org.eclipse.paho.client.mqttv3.MqttMessage;
import org.eclipse.tahu.edge.EdgeClient;
import org.eclipse.tahu.edge.EdgeNodeMetricMaps;
import org.eclipse.tahu.edge.api.MetricHandler;
import org.eclipse.tahu.message.SparkplugBPayloadDecoder;
import org.eclipse.tahu.message.SparkplugBPayloadEncoder;
import org.eclipse.tahu.message.model.DeviceDescriptor;
import org.eclipse.tahu.message.model.EdgeNodeDescriptor;
import org.eclipse.tahu.message.model.MessageType;
import org.eclipse.tahu.message.model.Metric;
import org.eclipse.tahu.message.model.Metric.MetricBuilder;
import org.eclipse.tahu.message.model.MetricDataType;
import org.eclipse.tahu.message.model.SparkplugBPayload;
import org.eclipse.tahu.message.model.SparkplugBPayload.SparkplugBPayloadBuilder;
import org.eclipse.tahu.message.model.SparkplugBPayloadMap.SparkplugBPayloadMapBuilder;
import org.eclipse.tahu.message.model.SparkplugDescriptor;
import org.eclipse.tahu.message.model.SparkplugMeta;
import org.eclipse.tahu.message.model.StatePayload;
import org.eclipse.tahu.message.model.Topic;
import org.eclipse.tahu.model.MetricDataTypeMap;
import org.eclipse.tahu.model.MqttServerDefinition;
import org.eclipse.tahu.mqtt.ClientCallback;
import org.eclipse.tahu.mqtt.MqttClientId;
import org.eclipse.tahu.mqtt.MqttServerName;
import org.eclipse.tahu.mqtt.MqttServerUrl;
import org.eclipse.tahu.util.SparkplugUtil;

/** Tahu's EdgeClient with one device. Arguments: broker, group, edge node, device, options as JSON. */
final class TahuEdge extends Peer implements MetricHandler, ClientCallback {
	private static final int KEEP_ALIVE_S = 30;
	private static final MqttServerName SERVER = new MqttServerName("broker");
	private final EdgeNodeDescriptor node;
	private final DeviceDescriptor device;
	private final Topic deathTopic;
	private final boolean typedByBirth;
	private final EdgeNodeMetricMaps births = EdgeNodeMetricMaps.getInstance("births");
	private final EdgeClient client;
	private final Object gate = new Object();
	private final EdgeLoop loop;
	private volatile JsonNode nodeMetrics = JSON.createArrayNode();
	private volatile JsonNode deviceMetrics = JSON.createArrayNode();
	private long nextBdSeq;
	private volatile long bdSeq;
	private boolean started;

	public static void main(String[] args) throws Exception {
		new TahuEdge(args).serve();
	}

	private TahuEdge(String[] args) throws Exception {
		JsonNode options = options(args, 4);
		node = new EdgeNodeDescriptor(args[1], args[2]);
		device = new DeviceDescriptor(node, args[3]);
		deathTopic = new Topic(SparkplugMeta.SPARKPLUG_B_TOPIC_PREFIX, node, MessageType.NDEATH);
		nextBdSeq = options.path("bdSeq").asLong(0);
		typedByBirth = !"none".equals(text(options, "commandTypes"));
		String clientId = Objects.requireNonNullElse(text(options, "clientId"), "tahu-" + node.getEdgeNodeId());
		client = new EdgeClient(this, node, List.of(device.getDeviceId()), text(options, "primaryHost"),
				options.path("aliases").asBoolean(false), options.path("rebirthDebounceMs").asLong(0),
				List.of(new MqttServerDefinition(SERVER, new MqttClientId(clientId, false),
						new MqttServerUrl(pahoUrl(args[0])), text(options, "username"), text(options, "password"),
						KEEP_ALIVE_S, deathTopic)),
				this, null);
		loop = new EdgeLoop(client, gate);
	}

	@Override
	void obey(String command, JsonNode arguments) throws Exception {
		switch (command) {
			case "birth" -> birth(arguments);
			case "data" -> data(arguments);
			case "deviceBirth" -> {
				if (arguments.has("device")) deviceMetrics = checked(arguments.get("device"));
				synchronized (gate) {
					publishDeviceBirth();
				}
			}
			case "deviceDeath" -> {
				synchronized (gate) {
					client.publishDeviceDeath(device.getDeviceId());
				}
				emit(event("published").put("message", "DDEATH"));
			}
			case "reconnect" -> {
				synchronized (gate) {
					client.disconnect(true);
				}
			}
			case "disconnect" -> {
				close();
				emit(event("disconnected").put("clean", true));
			}
			case "kill" -> Runtime.getRuntime().halt(137);
			default -> throw new IllegalArgumentException("expected a command, found " + command);
		}
	}

	/** Connects, and Tahu publishes the births; when connected, Tahu's rebirth. */
	private void birth(JsonNode arguments) throws Exception {
		if (arguments.has("node")) nodeMetrics = checked(arguments.get("node"));
		if (arguments.has("device")) deviceMetrics = checked(arguments.get("device"));
		if (!started) {
			started = true;
			loop.start();
			return;
		}
		synchronized (gate) {
			client.handleRebirthRequest(false);
		}
	}

	private void data(JsonNode arguments) throws Exception {
		boolean ofNode = arguments.path("node").asBoolean();
		SparkplugBPayload payload = payload(checked(arguments.path("metrics")));
		ArrayNode before = MetricWriter.metrics(payload.getMetrics());
		synchronized (gate) {
			if (!client.isConnectedToPrimaryHost()) throw new IllegalStateException("expected births before data");
			if (ofNode) client.publishNodeData(payload);
			else client.publishDeviceData(device.getDeviceId(), payload);
		}
		published(ofNode ? "NDATA" : "DDATA", before, payload);
	}

	/** What cannot be made or encoded is an error of the command: Tahu would only log it and send nothing. */
	private JsonNode checked(JsonNode metrics) throws Exception {
		new SparkplugBPayloadEncoder().getBytes(payload(metrics), false);
		return metrics;
	}

	private static SparkplugBPayload payload(JsonNode metrics) throws Exception {
		return new SparkplugBPayloadBuilder().setTimestamp(new Date()).addMetrics(MetricReader.metrics(metrics))
				.createPayload();
	}

	/** Tahu takes names away where it sends aliases, so `before` was written before it published. */
	private void published(String message, ArrayNode before, SparkplugBPayload payload) {
		List<Metric> after = payload.getMetrics();
		for (int index = 0; index < before.size(); index++) {
			if (after.get(index).hasAlias())
				((ObjectNode) before.get(index)).put("alias", after.get(index).getAlias().toString());
		}
		ObjectNode event = event("published").put("message", message).put("seq", payload.getSeq())
				.put("timestamp", Long.toString(payload.getTimestamp().getTime()));
		event.set("metrics", before);
		emit(event);
	}

	@Override
	public Topic getDeathTopic() {
		return deathTopic;
	}

	/** Without a data type, as Tahu's own compatible implementation does it; called once for each attempt to connect. */
	@Override
	public byte[] getDeathPayloadBytes() throws Exception {
		bdSeq = nextBdSeq;
		nextBdSeq = (nextBdSeq + 1) % 256;
		return new SparkplugBPayloadEncoder().getBytes(new SparkplugBPayloadBuilder().setTimestamp(new Date())
				.addMetric(new MetricBuilder("bdSeq", MetricDataType.Int64, bdSeq).createMetric()).createPayload(), true);
	}

	@Override
	public void publishBirthSequence() {
		try {
			births.clear();
			var birth = new SparkplugBPayloadMapBuilder().setTimestamp(new Date()).createPayload();
			birth.addMetric(new MetricBuilder("bdSeq", MetricDataType.Int64, bdSeq).createMetric());
			for (Metric metric : MetricReader.metrics(nodeMetrics)) birth.addMetric(metric);
			client.publishNodeBirth(birth);
			remember(node, birth);
			published("NBIRTH", MetricWriter.metrics(birth.getMetrics()), birth);
			publishDeviceBirth();
			emit(event("born").put("bdSeq", bdSeq));
		} catch (Exception e) {
			emit(event("error").put("do", "birth").put("text", e.toString()));
		}
	}

	private void publishDeviceBirth() throws Exception {
		SparkplugBPayload birth = payload(deviceMetrics);
		client.publishDeviceBirth(device.getDeviceId(), birth);
		remember(device, birth);
		published("DBIRTH", MetricWriter.metrics(birth.getMetrics()), birth);
	}

	private void remember(SparkplugDescriptor of, SparkplugBPayload birth) {
		for (Metric metric : birth.getMetrics()) births.addMetric(node, of, metric.getName(), metric);
	}

	@Override
	public boolean hasMetric(SparkplugDescriptor of, String name) {
		return births.getDataType(node, of, name) != null;
	}

	@Override
	public void messageArrived(MqttServerName server, MqttServerUrl url, MqttClientId id, String topicText,
			MqttMessage message) {
		try {
			Topic topic = Topic.parseTopic(topicText);
			synchronized (gate) {
				if (topic.isType(MessageType.STATE)) state(topic, message);
				else if (topic.isType(MessageType.NDEATH)) ownDeath(message);
				else command(topic, message);
			}
		} catch (Exception e) {
			emit(event("error").put("do", topicText).put("text", e.toString()));
		}
	}

	private void state(Topic topic, MqttMessage message) throws Exception {
		StatePayload state = JSON.readValue(message.getPayload(), StatePayload.class);
		emit(event("state").put("host", topic.getHostApplicationId()).put("online", state.isOnline())
				.put("timestamp", String.valueOf(state.getTimestamp())));
		client.handleStateMessage(topic.getHostApplicationId(), state);
	}

	/** A death of ours while we live is answered with births. */
	private void ownDeath(MqttMessage message) throws Exception {
		if (client.isDisconnectedOrDisconnecting() || !client.isConnectedToPrimaryHost()) return;
		Long dead = SparkplugUtil.getBdSequenceNumber(decoded(message, node));
		emit(event("ownDeath").put("bdSeq", dead));
		if (dead != null && dead == bdSeq) client.handleRebirthRequest(true);
	}

	private void command(Topic topic, MqttMessage message) throws Exception {
		boolean ofNode = topic.isType(MessageType.NCMD);
		SparkplugBPayload payload = decoded(message, ofNode ? node : device);
		List<Metric> readable = new ArrayList<>();
		for (Metric metric : payload.getMetrics()) if (metric != null) readable.add(metric);
		ObjectNode event = event("command").put("message", topic.getType().toString())
				.put("unreadable", payload.getMetrics().size() - readable.size());
		event.set("metrics", MetricWriter.metrics(readable));
		emit(event);
		for (Metric metric : readable) {
			if (ofNode && SparkplugMeta.METRIC_NODE_REBIRTH.equals(metric.getName())
					&& Boolean.TRUE.equals(metric.getValue())) {
				emit(event("rebirth"));
				client.handleRebirthRequest(true);
			}
		}
	}

	/** Types that a command leaves out come from the birth, or from nowhere as in Tahu's compatible implementation. */
	private SparkplugBPayload decoded(MqttMessage message, SparkplugDescriptor of) throws Exception {
		MetricDataTypeMap types = typedByBirth ? births.getMetricDataTypeMap(node, of) : null;
		return new SparkplugBPayloadDecoder().buildFromByteArray(message.getPayload(), types);
	}

	@Override
	public void connectComplete(boolean again, MqttServerName server, MqttServerUrl url, MqttClientId id) {
		emit(event("connected").put("bdSeq", bdSeq));
	}

	@Override
	public void connectionLost(MqttServerName server, MqttServerUrl url, MqttClientId id, Throwable cause) {
		emit(event("disconnected").put("clean", false).put("text", String.valueOf(cause)));
	}

	@Override
	public void shutdown() {
		// Tahu asks a whole application to end here; this one ends with its standard input.
	}

	@Override
	void close() {
		loop.end();
		synchronized (gate) {
			if (started) client.shutdown();
			started = false;
		}
	}
}
