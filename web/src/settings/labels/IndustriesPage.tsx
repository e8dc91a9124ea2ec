import { LabelsPage } from "./LabelsPage";

export default function IndustriesPage() {
  return <LabelsPage page="industries" name="industry" />;
}
