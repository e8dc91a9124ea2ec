import { LabelsPage } from "./LabelsPage";

export default function TagsPage() {
  return <LabelsPage page="tags" name="tag" />;
}
