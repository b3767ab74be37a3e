package pilotline.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.eclipse.tahu.message.model.DataSet;
import org.eclipse.tahu.message.model.DataSetDataType;
import org.eclipse.tahu.message.model.File;
import org.eclipse.tahu.message.model.MetaData;
import org.eclipse.tahu.message.model.Metric;
import org.eclipse.tahu.message.model.Parameter;
import org.eclipse.tahu.message.model.PropertyDataType;
import org.eclipse.tahu.message.model.PropertySet;
import org.eclipse.tahu.message.model.PropertyValue;
import org.eclipse.tahu.message.model.Row;
import org.eclipse.tahu.message.model.Template;
import org.eclipse.tahu.message.model.Value;

/**
 * Tahu's metrics as JSON that loses nothing in JavaScript: integers of 64 bits and times are decimal text, a Float is
 * the double of the same value, NaN and the infinities are text, bytes are hexadecimal.
 */
final class MetricWriter {
	private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

	private MetricWriter() {
	}

	static ObjectNode metric(Metric metric) {
		ObjectNode node = NODES.objectNode().put("name", metric.getName());
		if (metric.hasAlias()) node.put("alias", metric.getAlias().toString());
		String type = metric.getDataType() == null ? null : metric.getDataType().getType();
		node.put("type", type);
		node.set("value", value(type, metric.getValue()));
		node.put("timestamp", metric.getTimestamp() == null ? null : time(metric.getTimestamp()));
		node.put("isNull", metric.isNull());
		node.put("historical", metric.isHistorical());
		node.put("transient", metric.isTransient());
		PropertySet properties = metric.getProperties();
		PropertyValue<? extends PropertyDataType> quality =
				properties == null ? null : properties.getPropertyValue("Quality");
		node.set("quality", quality == null ? NODES.nullNode() : value("Int32", quality.getValue()));
		if (properties != null) node.set("properties", properties(properties));
		if (metric.getMetaData() != null) node.set("metadata", metadata(metric.getMetaData()));
		return node;
	}

	static ArrayNode metrics(List<Metric> metrics) {
		ArrayNode all = NODES.arrayNode();
		for (Metric metric : metrics) all.add(metric == null ? NODES.nullNode() : metric(metric));
		return all;
	}

	private static JsonNode value(String type, Object value) {
		if (value == null) return NODES.nullNode();
		if (value instanceof Boolean known) return NODES.booleanNode(known);
		if (value instanceof Byte || value instanceof Short || value instanceof Integer)
			return NODES.numberNode(((Number) value).intValue());
		if (value instanceof Long known)
			return type != null && type.startsWith("UInt32") ? NODES.numberNode(known) : NODES.textNode(known.toString());
		if (value instanceof BigInteger known) return NODES.textNode(known.toString());
		if (value instanceof Float || value instanceof Double) return real(((Number) value).doubleValue());
		if (value instanceof Date known) return NODES.textNode(time(known));
		if (value instanceof String known) return NODES.textNode(known);
		if (value instanceof byte[] known) return NODES.textNode(HexFormat.of().formatHex(known));
		if (value instanceof File known)
			return NODES.objectNode().put("fileName", known.getFileName())
					.put("bytes", HexFormat.of().formatHex(known.getBytes()));
		if (value instanceof DataSet known) return dataSet(known);
		if (value instanceof Template known) return template(known);
		if (value instanceof PropertySet known) return properties(known);
		if (value instanceof Object[] known) return elements(type, Arrays.asList(known));
		if (value instanceof List<?> known) return elements(type, known);
		return NODES.textNode("(" + value.getClass().getName() + ") " + value);
	}

	private static JsonNode elements(String type, List<?> values) {
		ArrayNode all = NODES.arrayNode();
		for (Object element : values) all.add(value(type, element));
		return all;
	}

	private static JsonNode real(double value) {
		return Double.isFinite(value) ? NODES.numberNode(value) : NODES.textNode(Double.toString(value));
	}

	private static String time(Date date) {
		return Long.toString(date.getTime());
	}

	private static ObjectNode dataSet(DataSet dataSet) {
		ObjectNode node = NODES.objectNode();
		ArrayNode columns = node.putArray("columns");
		for (String name : dataSet.getColumnNames()) columns.add(name);
		ArrayNode types = node.putArray("types");
		for (DataSetDataType type : dataSet.getTypes()) types.add(type.getType());
		ArrayNode rows = node.putArray("rows");
		for (Row row : dataSet.getRows()) {
			ArrayNode cells = rows.addArray();
			for (Value<?> cell : row.getValues()) cells.add(value(cell.getType().getType(), cell.getValue()));
		}
		return node;
	}

	private static ObjectNode template(Template template) {
		ObjectNode node = NODES.objectNode().put("isDefinition", template.isDefinition())
				.put("templateRef", template.getTemplateRef()).put("version", template.getVersion());
		ArrayNode parameters = node.putArray("parameters");
		if (template.getParameters() != null) {
			for (Parameter parameter : template.getParameters()) {
				String type = parameter.getType().getType();
				parameters.addObject().put("name", parameter.getName()).put("type", type)
						.set("value", value(type, parameter.getValue()));
			}
		}
		node.set("metrics", template.getMetrics() == null ? NODES.arrayNode() : metrics(template.getMetrics()));
		return node;
	}

	private static ObjectNode properties(PropertySet properties) {
		ObjectNode node = NODES.objectNode();
		for (Map.Entry<String, PropertyValue<? extends PropertyDataType>> entry : properties.getPropertyMap().entrySet()) {
			String type = entry.getValue().getType() == null ? null : entry.getValue().getType().getType();
			node.putObject(entry.getKey()).put("type", type).set("value", value(type, entry.getValue().getValue()));
		}
		return node;
	}

	private static ObjectNode metadata(MetaData metadata) {
		ObjectNode node = NODES.objectNode();
		if (metadata.getContentType() != null) node.put("contentType", metadata.getContentType());
		if (metadata.getSize() != null) node.put("size", metadata.getSize().toString());
		if (metadata.getSeq() != null) node.put("seq", metadata.getSeq().toString());
		if (metadata.getFileName() != null) node.put("fileName", metadata.getFileName());
		if (metadata.getFileType() != null) node.put("fileType", metadata.getFileType());
		if (metadata.getMd5() != null) node.put("md5", metadata.getMd5());
		if (metadata.getDescription() != null) node.put("description", metadata.getDescription());
		if (metadata.isMultiPart() != null) node.put("isMultiPart", metadata.isMultiPart());
		return node;
	}
}
